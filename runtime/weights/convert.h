#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/weight_source.h"

namespace lacuna::weights {

/// Exact.
constexpr float bf16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// Round to nearest, ties to even; overflow becomes infinity; NaN stays NaN (quiet).
constexpr std::uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

/// Exact, subnormals included.
float f16_to_float(std::uint16_t bits);

/// Round to nearest, ties to even; overflow becomes infinity; NaN stays NaN (quiet).
std::uint16_t float_to_f16(float value);

/// The weight as floats, row-major: exact for F32, F16 and BF16, rounded for F64, stored *
/// row_scale[row] for I8, block-quantised dtypes as graph/block_format.h says. `out` has one element per element of the weight. Throws
/// std::invalid_argument for another size, another dtype, I8 without a row scale, or bytes that do
/// not fit.
void to_float(const graph::WeightView& weight, std::span<float> out);
std::vector<float> to_float(const graph::WeightView& weight);

/// `values` as F32, F16 or BF16 bytes, rounded to nearest even. Throws std::invalid_argument for
/// another dtype.
std::vector<std::byte> from_float(std::span<const float> values, graph::DType dtype);

/// A matrix as 8-bit integers with one factor a row: value is about stored * scale[row].
struct QuantizedRows {
  std::vector<std::int8_t> values;
  std::vector<float> scale;
};

/// Symmetric quantisation: scale = max |row| / 127, stored = round(value / scale) in [-127, 127];
/// the error is at most half a scale. A row of zeros gets scale 0. `values` is row-major [rows,
/// cols]. Throws std::invalid_argument for another size or a value that is not finite.
QuantizedRows quantize_rows_int8(std::span<const float> values, std::size_t rows, std::size_t cols);

}  // namespace lacuna::weights
