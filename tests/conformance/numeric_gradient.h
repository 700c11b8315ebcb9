#pragma once

#include <cstdint>
#include <vector>

#include "tests/conformance/case.h"

namespace lacuna::conformance {

/// A scalar function of a problem's data and its derivative, to compare an engine's gradients with:
/// f = sum over f32 outputs of output_weights * output.
struct DirectionalCheck {
  std::vector<std::vector<float>> output_weights;     // in the order of Graph::outputs; empty for i32
  std::vector<std::vector<float>> input_direction;    // in the order of Graph::inputs; empty for i32
  std::vector<std::vector<float>> weight_direction;   // in the order of Problem::weights
  /// d f(data + t direction) / dt at 0: what sum(gradient * direction) has to be.
  double derivative = 0.0;
  /// Sum of |output_weight * d output / dt|: what an error of the derivative is to be measured against, since the
  /// terms may cancel.
  double magnitude = 0.0;
};

/// Draws weights and a direction from `seed` and differentiates by central differences of order 4 in float64
/// formulas. Only for cases marked differentiable.
DirectionalCheck directional_check(const Problem& problem, std::uint64_t seed);

}  // namespace lacuna::conformance
