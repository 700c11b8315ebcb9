#include "runtime/weights/convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/graph/block_format.h"

namespace lacuna::weights {
namespace {

[[noreturn]] void fail(const char* function, const std::string& message) {
  throw std::invalid_argument(std::string("[") + function + "] expected " + message);
}

/// Reads the elements of `bytes` as T, wherever they lie, and puts convert(element) into `out`.
template <typename T, typename Convert>
void convert_all(std::span<const std::byte> bytes, std::span<float> out, Convert convert) {
  const std::byte* at = bytes.data();
  for (float& value : out) {
    T stored;
    std::memcpy(&stored, at, sizeof stored);
    at += sizeof stored;
    value = convert(stored);
  }
}

void dequantize(const graph::WeightView& weight, std::span<float> out) {
  const std::size_t rows = weight.row_scale.size();
  if (rows == 0 || weight.shape.rank() < 1 || std::cmp_not_equal(weight.shape[0], rows)) {
    fail("to_float", "i8 weights with one row scale per row, got " + std::to_string(rows) +
                         " scales for shape " + weight.shape.to_string());
  }
  const std::size_t cols = out.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = row * cols; i < (row + 1) * cols; ++i) {
      out[i] =
          static_cast<float>(std::to_integer<std::int8_t>(weight.bytes[i])) * weight.row_scale[row];
    }
  }
}

}  // namespace

float f16_to_float(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16;
  const std::uint32_t magnitude = bits & 0x7FFFu;
  if (magnitude >= 0x7C00u) {  // infinity and NaN keep their payload
    return std::bit_cast<float>(sign | 0x7F800000u | ((magnitude & 0x3FFu) << 13));
  }
  if (magnitude < 0x0400u) {  // zero and subnormals count in steps of 2^-24
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + (std::uint32_t{127 - 15} << 23)));
}

std::uint16_t float_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  const auto signed_half = [sign](std::uint32_t half) {
    return static_cast<std::uint16_t>(sign | half);
  };
  if (magnitude > 0x7F800000u) return signed_half(0x7E00u | ((magnitude >> 13) & 0x3FFu));
  if (magnitude >= 0x477FF000u) return signed_half(0x7C00u);  // 65520 and above round to infinity
  if (magnitude < 0x38800000u) {                              // below 2^-14: subnormal or zero
    // Adding 1/2 puts the step of 2^-24 at the end of the mantissa; the addition rounds to nearest
    // even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return signed_half(std::bit_cast<std::uint32_t>(shifted) - 0x3F000000u);
  }
  const std::uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
  return signed_half((rounded - (std::uint32_t{127 - 15} << 23)) >> 13);
}

void to_float(const graph::WeightView& weight, std::span<float> out) {
  const auto elements = static_cast<std::size_t>(weight.shape.elements());
  if (out.size() != elements) {
    fail("to_float",
         std::to_string(elements) + " values, got room for " + std::to_string(out.size()));
  }
  if (graph::is_block_quantised(weight.dtype)) {
    if (const std::string what = graph::block_format_complaint(weight); !what.empty()) fail("to_float", what);
    return graph::dequantise_rows(weight, 0, weight.shape[0], out.data());
  }
  if (weight.bytes.size() != elements * graph::size_of(weight.dtype)) {
    fail("to_float", std::to_string(elements * graph::size_of(weight.dtype)) + " bytes for shape " +
                         weight.shape.to_string() + ", got " + std::to_string(weight.bytes.size()));
  }
  if (out.empty()) return;
  switch (weight.dtype) {
    case graph::DType::f32:
      std::memcpy(out.data(), weight.bytes.data(), weight.bytes.size());
      return;
    case graph::DType::bf16:
      return convert_all<std::uint16_t>(weight.bytes, out, bf16_to_float);
    case graph::DType::f16:
      return convert_all<std::uint16_t>(weight.bytes, out, f16_to_float);
    case graph::DType::f64:
      return convert_all<double>(weight.bytes, out,
                                 [](double value) { return static_cast<float>(value); });
    case graph::DType::i8:
      return dequantize(weight, out);
    default:
      fail("to_float",
           "f64, f32, f16, bf16, i8, q8_0, q4_0 or q4_1, got " + std::string(graph::name_of(weight.dtype)));
  }
}

std::vector<float> to_float(const graph::WeightView& weight) {
  std::vector<float> out(static_cast<std::size_t>(weight.shape.elements()));
  to_float(weight, out);
  return out;
}

std::vector<std::byte> from_float(std::span<const float> values, graph::DType dtype) {
  std::vector<std::byte> out(values.size() * graph::size_of(dtype));
  const auto narrow = [&](auto convert) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint16_t bits = convert(values[i]);
      std::memcpy(out.data() + 2 * i, &bits, sizeof bits);
    }
  };
  switch (dtype) {
    case graph::DType::f32:
      if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
      return out;
    case graph::DType::bf16:
      narrow(float_to_bf16);
      return out;
    case graph::DType::f16:
      narrow(float_to_f16);
      return out;
    default:
      fail("from_float", "f32, f16 or bf16, got " + std::string(graph::name_of(dtype)));
  }
}

QuantizedRows quantize_rows_int8(std::span<const float> values, std::size_t rows,
                                 std::size_t cols) {
  if (cols != 0 && (values.size() / cols != rows || values.size() % cols != 0)) {
    fail("quantize_rows_int8", std::to_string(rows) + " x " + std::to_string(cols) +
                                   " values, got " + std::to_string(values.size()));
  }
  if (cols == 0 && !values.empty()) fail("quantize_rows_int8", "no values for 0 columns");
  QuantizedRows out{std::vector<std::int8_t>(values.size()), std::vector<float>(rows)};
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span<const float> in = values.subspan(row * cols, cols);
    float largest = 0;
    for (const float value : in) {
      if (!std::isfinite(value)) fail("quantize_rows_int8", "finite values, got NaN or infinity");
      largest = std::max(largest, std::fabs(value));
    }
    const float scale = largest / 127.0f;
    out.scale[row] = scale;
    if (scale == 0) continue;  // also where the largest value is too small for a scale of its own
    for (std::size_t i = 0; i < cols; ++i) {
      const float steps = std::nearbyint(in[i] / scale);
      out.values[row * cols + i] = static_cast<std::int8_t>(std::clamp(steps, -127.0f, 127.0f));
    }
  }
  return out;
}

}  // namespace lacuna::weights
