#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"
#include "fusion/graph/weight_source.h"

/// Block-quantised weights: the layout that every engine reads.
///
/// A weight is a matrix [rows, columns], columns a multiple of 32. Each row is cut into blocks of 32 neighbouring
/// columns. Codes and factors lie in planes of their own, row-major, without padding and without gaps:
///
/// | dtype | codes, bytes a block                     | value of element j of a block            | bits a weight |
/// |-------|------------------------------------------|------------------------------------------|---------------|
/// | q8_0  | 32: int8 codes                           | code[j] * scale                          | 8.5           |
/// | q4_0  | 16: byte i = code[i] + 16 * code[i + 16] | (code[j] - 8) * scale, code in [0, 15]   | 4.5           |
/// | q4_1  | 16: as q4_0                              | code[j] * scale + minimum                | 5             |
///
/// scale and minimum are IEEE f16, [rows, columns / 32]: WeightView::block_scale and block_minimum. The codes of
/// row r, block b begin at byte (r * blocks + b) * block_bytes(dtype) of WeightView::bytes. All of the values are
/// exact in f32 but those of q4_1, which are rounded once.
///
/// In safetensors a weight X is a tensor X with the codes (q8_0: I8 [rows, columns]; q4_0, q4_1: U8 [rows,
/// columns / 2]), a tensor X_scale F16 [rows, columns / 32] and, for q4_1 alone, a tensor X_minimum F16 of the
/// same shape. runtime/weights/block_quantize.h makes them.
namespace lacuna::graph {

/// Columns that share a factor.
inline constexpr std::int64_t kBlock = 32;

constexpr bool is_block_quantised(DType dtype) {
  return dtype == DType::q8_0 || dtype == DType::q4_0 || dtype == DType::q4_1;
}

/// Bytes of the codes of one block. 0 for other dtypes.
constexpr std::size_t block_bytes(DType dtype) {
  return dtype == DType::q8_0 ? 32 : is_block_quantised(dtype) ? 16 : 0;
}

/// Bytes of `elements` elements (of codes alone for block-quantised dtypes, where `elements` is a multiple of 32).
constexpr std::size_t code_bytes(DType dtype, std::int64_t elements) {
  return is_block_quantised(dtype) ? std::size_t(elements / kBlock) * block_bytes(dtype)
                                   : std::size_t(elements) * size_of(dtype);
}

/// What is wrong with a view of a block-quantised dtype (rank, columns, sizes of its planes) in words such as
/// "96 block scales, got 12"; empty when nothing is.
std::string block_format_complaint(const WeightView& weight);

/// Rows [begin, begin + rows) as f32, row-major. `out` has room for rows * columns. The view is of a
/// block-quantised dtype without complaint and has these rows.
void dequantise_rows(const WeightView& weight, std::int64_t begin, std::int64_t rows, float* out);

/// One block of 32 as f32. `minimum` is used by q4_1 alone.
void dequantise_block(DType dtype, const std::byte* codes, float scale, float minimum, float* out);

/// IEEE binary16 as f32, exactly.
float f32_from_f16_bits(std::uint16_t bits);

}  // namespace lacuna::graph
