#pragma once

#include <string>
#include <vector>

#include "fusion/graph/weight_source.h"

namespace lacuna::cpu {

/// The weight `name` as f32, row-major: from f32, f16 or bf16, from i8 times the factor of its row, or block-quantised.
/// Throws std::invalid_argument naming the weight when it is missing, has another shape than `shape`, too few
/// bytes, or a dtype that cannot be converted.
std::vector<float> weight_as_f32(const graph::WeightSource& source, const std::string& name, const graph::Shape& shape);

/// One element. `half` is IEEE binary16, `bits` the upper half of a float32.
float f32_from_f16(std::uint16_t half);
float f32_from_bf16(std::uint16_t bits);

}  // namespace lacuna::cpu
