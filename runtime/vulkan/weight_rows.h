#pragma once

#include <string>
#include <vector>

#include "fusion/graph/weight_source.h"

namespace lacuna::vulkan {

/// The weight `name`. Throws std::invalid_argument when it is missing, has another shape, a wrong number of bytes or
/// factors, or a dtype other than f32, f16, bf16 and i8.
const graph::WeightView& require_weight(const graph::WeightSource& source, const std::string& name,
                                        const graph::Shape& shape);

/// Rows [begin, end) along axis 0 as f32.
std::vector<float> rows_as_f32(const graph::WeightView& weight, std::int64_t begin, std::int64_t end);

}  // namespace lacuna::vulkan
