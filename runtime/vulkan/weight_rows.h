#pragma once

#include <string>
#include <vector>

#include "fusion/graph/weight_source.h"

namespace lacuna::vulkan {

/// The weight `name`. Throws std::invalid_argument when it is missing, has another shape, a wrong number of bytes or
/// factors, or a dtype other than f32, f16, bf16, i8, q8_0, q4_0 and q4_1.
const graph::WeightView& require_weight(const graph::WeightSource& source, const std::string& name,
                                        const graph::Shape& shape);

/// Rows [begin, end) along axis 0 as f32.
std::vector<float> rows_as_f32(const graph::WeightView& weight, std::int64_t begin, std::int64_t end);

/// Rows [begin, end) of a block-quantised matrix with factors and codes side by side, as shaders/include/stored.glsl
/// reads them: for each block two f16 (factor, minimum or 0), then its codes.
std::vector<std::byte> interleaved_blocks(const graph::WeightView& weight, std::int64_t begin, std::int64_t end);

}  // namespace lacuna::vulkan
