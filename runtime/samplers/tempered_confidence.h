#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lacuna::samplers {

/// -ln(-ln u) in float32 with both logarithms kept from 1e-20 down, as MMaDA and Show-o compute it.
float gumbel_f32(float uniform);
/// ln p + temperature * gumbel, p kept from 1e-20 down.
float tempered_confidence(float probability, float temperature, float uniform);
/// 1 for what is masked again: everything strictly below the confidence of rank `keep_masked` (0-based, ascending), so
/// that equal ones at the cut stay. Throws std::invalid_argument unless keep_masked is in [0, size).
std::vector<std::uint8_t> remask_below(std::span<const float> confidence, int keep_masked);

}  // namespace lacuna::samplers
