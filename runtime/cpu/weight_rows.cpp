#include "runtime/cpu/weight_rows.h"

#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

#include "fusion/graph/block_format.h"

namespace lacuna::cpu {
namespace {

using graph::DType;

template <class T, class F>
void read_as(const graph::WeightView& weight, std::int64_t first, std::int64_t count, float* out, F to_float) {
  const std::byte* from = weight.bytes.data() + std::size_t(first) * sizeof(T);
  for (std::int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + std::size_t(i) * sizeof(T), sizeof(T));
    out[i] = to_float(value);
  }
}

bool is_weight_type(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16 ||
         dtype == DType::i8;
}

}  // namespace

const graph::WeightView& require_weight(const graph::WeightSource& source, std::string_view name,
                                        const graph::Shape& shape) {
  const std::string subject = "[cpu] expected weight \"" + std::string(name) + "\" ";
  const graph::WeightView* weight = source.find(name);
  if (weight == nullptr) throw std::invalid_argument(subject + shape.to_string() + ", got none of that name");
  if (!(weight->shape == shape)) {
    throw std::invalid_argument(subject + shape.to_string() + ", got " + weight->shape.to_string());
  }
  if (graph::is_block_quantised(weight->dtype)) {
    if (const std::string what = block_format_complaint(*weight); !what.empty()) {
      throw std::invalid_argument(subject + "with " + what);
    }
    return *weight;
  }
  if (!is_weight_type(weight->dtype)) {
    throw std::invalid_argument(subject + "of dtype f32, f64, f16, bf16, i8, q8_0, q4_0 or q4_1, got " +
                                std::string(name_of(weight->dtype)));
  }
  const auto bytes = std::size_t(shape.elements()) * size_of(weight->dtype);
  if (weight->bytes.size() < bytes) {
    throw std::invalid_argument(subject + "with " + std::to_string(bytes) + " bytes, got " +
                                std::to_string(weight->bytes.size()));
  }
  if (weight->dtype == DType::i8 && (shape.rank() < 1 || std::int64_t(weight->row_scale.size()) != shape[0])) {
    throw std::invalid_argument(subject + "with one scale for each row of axis 0, got " +
                                std::to_string(weight->row_scale.size()) + " scales");
  }
  return *weight;
}

std::int64_t row_elements(const graph::Shape& shape) {
  std::int64_t elements = 1;
  for (int i = 1; i < shape.rank(); ++i) elements *= shape[i];
  return elements;
}

void read_rows(const graph::WeightView& weight, std::int64_t begin, std::int64_t rows, float* out) {
  const std::int64_t width = row_elements(weight.shape), first = begin * width, count = rows * width;
  switch (weight.dtype) {
    case DType::f32:
      return read_as<float>(weight, first, count, out, [](float v) { return v; });
    case DType::f64:
      return read_as<double>(weight, first, count, out, [](double v) { return float(v); });
    case DType::f16:
      return read_as<std::uint16_t>(weight, first, count, out, graph::f32_from_f16_bits);
    case DType::bf16:
      return read_as<std::uint16_t>(weight, first, count, out,
                                    [](std::uint16_t v) { return std::bit_cast<float>(std::uint32_t(v) << 16); });
    case DType::q8_0:
    case DType::q4_0:
    case DType::q4_1:
      return graph::dequantise_rows(weight, begin, rows, out);
    default:  // i8, the last one that require_weight lets through
      for (std::int64_t r = 0; r < rows; ++r) {
        const float scale = weight.row_scale[std::size_t(begin + r)];
        read_as<std::int8_t>(weight, first + r * width, width, out + r * width,
                             [scale](std::int8_t v) { return float(v) * scale; });
      }
  }
}

}  // namespace lacuna::cpu
