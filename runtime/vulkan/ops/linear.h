#pragma once

#include "runtime/vulkan/graph_compiler.h"

namespace lacuna::vulkan {

/// Rows [first_row, first_row + rows) of x [.., inner] times a matrix [columns, inner] transposed (+ bias [columns]) into
/// y [rows, columns]. Every op with such a product (linear, propose, ...) comes here, so a faster kernel has one place.
struct Product {
  Operand x;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  Matrix weight;
  std::optional<Operand> bias;
  Operand y;
};
void add_product(GraphCompiler& compiler, const Product& product);

/// Name of the permutation of a shader for a stored dtype: "f32", "f16", "bf16", "i8".
std::string stored_suffix(graph::DType dtype);

}  // namespace lacuna::vulkan
