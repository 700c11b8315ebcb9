#pragma once

#include "runtime/vulkan/graph_compiler.h"

namespace lacuna::vulkan {

/// Rows [first_row, first_row + rows) of x [.., inner] times a matrix [columns, inner] transposed (+ bias [columns]) into
/// y [rows, columns]. Every op with such a product (linear, propose, ...) comes here; which kernel computes it is decided
/// by GraphCompiler::kernels() and by whether the matrix is a weight.
struct Product {
  Operand x;
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  graph::ValueId weight = -1;
  std::optional<Operand> bias;
  Operand y;
  graph::ValueId result = -1;  // the value that y is, where there is one
  bool decides = false;        // the largest sum is looked for, so that narrow sums would choose others
};
void add_product(GraphCompiler& compiler, const Product& product);

/// Name of the permutation of a shader for a stored dtype: "f32", "f16", "bf16", "i8", "q8_0", "q4_0", "q4_1".
std::string stored_suffix(graph::DType dtype);

/// TILE of product_tiles.comp for a product of this size.
std::uint32_t tile_of(const GraphCompiler& compiler, std::int64_t rows, std::int64_t columns);

/// x as rows of whole texels of four (pack_rows.comp): row r, element i is
/// x[r / inner * outer_stride + r % inner * row_stride + i * element_stride].
struct RowLayout {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::int64_t inner = 1;
  std::int64_t outer_stride = 0;
  std::int64_t row_stride = 0;
  std::int64_t element_stride = 1;
};
Operand pack_rows(GraphCompiler& compiler, const Operand& x, const RowLayout& layout);

}  // namespace lacuna::vulkan
