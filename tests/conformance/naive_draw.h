#pragma once

#include <vector>

#include "fusion/graph/proposal.h"

namespace lacuna::conformance {

/// Cumulative probabilities of what may be drawn, after temperature, top-k and top-p: graph/proposal.h word for
/// word with full sorts. Temperature 0 puts everything on the first of the largest.
std::vector<double> naive_cumulative(const std::vector<double>& logits, const graph::SamplingParameters& parameters);

/// The whole proposal for one row of guided logits and a uniform in (0, 1).
graph::Proposal naive_draw(const std::vector<double>& logits, const graph::SamplingParameters& parameters,
                           double uniform);

}  // namespace lacuna::conformance
