#pragma once

#include <functional>
#include <span>

#include "runtime/samplers/sampler.h"

namespace lacuna::samplers {

/// How much a sampler wants a proposal revealed; larger is sooner.
using Score = std::function<double(const PositionProposal&)>;

/// Reveals, for each modality on its own, the proposals with the highest score until only
/// `info.keep_masked` positions of it are left masked. Equal scores go by position.
Moves reveal_best(std::span<const PositionProposal> proposals, const StepInfo& info, const Score& score);

/// A standard Gumbel variate for this position and step: -log(-log u) with a 53-bit u.
double gumbel_at(const StepInfo& info, int position);

}  // namespace lacuna::samplers
