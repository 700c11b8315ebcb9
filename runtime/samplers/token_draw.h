#pragma once

#include <span>

#include "runtime/samplers/draw_options.h"

namespace lacuna::samplers {

/// Draws a class from weights >= 0 (not necessarily summing to 1) with the temperature, top-k and top-p of `draw`, in
/// this order: an inverse CDF in class order over float64 sums, so that no tail is cut off. `uniform` in (0, 1).
/// Temperature 0 gives the first of the largest. Throws std::invalid_argument where no weight is positive.
int draw_class(std::span<const float> weights, const DrawOptions& draw, double uniform);

}  // namespace lacuna::samplers
