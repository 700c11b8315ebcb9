#pragma once

#include <cstddef>
#include <vector>

#include "runtime/cpu/draw.h"
#include "runtime/cpu/logit_row.h"

namespace lacuna::cpu {

/// What a filtered draw looks at: weights are exp((logit - peak) * inverse_temperature).
struct FilterParameters {
  double peak = 0.0;
  double inverse_temperature = 1.0;
  float top_k = 0.0f;  // 0 = off
  float top_p = 1.0f;  // 1 = off
};

/// Draws by inverse CDF in class order over what top-k, then top-p, keep of the row. Expects a finite logit.
std::size_t draw_filtered(const LogitRow& row, const FilterParameters& parameters, double uniform,
                          std::vector<DrawScratch::Candidate>& kept);

}  // namespace lacuna::cpu
