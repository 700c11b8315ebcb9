#pragma once

#include <cstdint>
#include <string_view>

#include "fusion/graph/weight_source.h"

namespace lacuna::cpu {

/// The stored weight. Throws std::invalid_argument naming it when it is missing, has another shape, a dtype that
/// no engine computes with, or fewer bytes than its shape needs.
const graph::WeightView& require_weight(const graph::WeightSource& source, std::string_view name,
                                        const graph::Shape& shape);

/// Elements of one slice along axis 0: the product of all other sizes.
std::int64_t row_elements(const graph::Shape& shape);

/// Reads `rows` slices along axis 0 as f32, whatever they are stored as.
void read_rows(const graph::WeightView& weight, std::int64_t begin, std::int64_t rows, float* out);

}  // namespace lacuna::cpu
