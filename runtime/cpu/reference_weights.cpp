#include "runtime/cpu/reference_weights.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "fusion/graph/block_format.h"

namespace lacuna::cpu {
namespace {

using graph::DType;

[[noreturn]] void fail(const std::string& name, const std::string& expected, const std::string& got) {
  throw std::invalid_argument("[prepare] expected weight \"" + name + "\" " + expected + ", got " + got);
}

template <class T>
T element(std::span<const std::byte> bytes, std::size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

float f32_from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

float f32_from_f16(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t(half >> 15) << 31;
  const std::uint32_t exponent = (half >> 10) & 0x1f, fraction = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  const float magnitude = exponent == 0 ? std::ldexp(float(fraction), -24)
                                        : std::ldexp(float(fraction | 0x400), int(exponent) - 25);
  return sign ? -magnitude : magnitude;
}

std::vector<float> weight_as_f32(const graph::WeightSource& source, const std::string& name, const graph::Shape& shape) {
  const graph::WeightView* view = source.find(name);
  if (!view) fail(name, shape.to_string(), "no weight of that name");
  if (!(view->shape == shape)) fail(name, shape.to_string(), view->shape.to_string());
  const std::size_t count = std::size_t(shape.elements());
  if (graph::is_block_quantised(view->dtype)) {
    if (const std::string what = block_format_complaint(*view); !what.empty()) fail(name, "with", what);
    std::vector<float> values(count);
    graph::dequantise_rows(*view, 0, shape[0], values.data());
    return values;
  }
  if (view->bytes.size() != count * size_of(view->dtype)) {
    fail(name, "of " + std::to_string(count * size_of(view->dtype)) + " bytes", std::to_string(view->bytes.size()));
  }
  std::vector<float> values(count);
  switch (view->dtype) {
    case DType::f32:
      if (count) std::memcpy(values.data(), view->bytes.data(), view->bytes.size());
      break;
    case DType::f16:
      for (std::size_t i = 0; i < count; ++i) values[i] = f32_from_f16(element<std::uint16_t>(view->bytes, i));
      break;
    case DType::bf16:
      for (std::size_t i = 0; i < count; ++i) values[i] = f32_from_bf16(element<std::uint16_t>(view->bytes, i));
      break;
    case DType::i8: {
      const std::size_t rows = shape.rank() ? std::size_t(shape[0]) : 1;
      if (view->row_scale.size() != rows) {
        fail(name, "as i8 with " + std::to_string(rows) + " row scales", std::to_string(view->row_scale.size()));
      }
      const std::size_t width = rows ? count / rows : 0;
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = float(element<std::int8_t>(view->bytes, i)) * view->row_scale[i / width];
      }
      break;
    }
    default:
      fail(name, "as f32, f16, bf16, i8, q8_0, q4_0 or q4_1", std::string(name_of(view->dtype)));
  }
  return values;
}

}  // namespace lacuna::cpu
