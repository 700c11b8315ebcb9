#include "runtime/vulkan/weight_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "fusion/graph/block_format.h"

namespace lacuna::vulkan {
namespace {

using graph::DType;

std::uint16_t half_at(const std::byte* bytes, std::size_t i) {
  std::uint16_t half;
  std::memcpy(&half, bytes + 2 * i, 2);
  return half;
}

}  // namespace

const graph::WeightView& require_weight(const graph::WeightSource& source, const std::string& name,
                                        const graph::Shape& shape) {
  const auto fail = [&](const std::string& expected, const std::string& got) {
    throw std::invalid_argument("[prepare] expected weight \"" + name + "\" " + expected + ", got " + got);
  };
  const graph::WeightView* view = source.find(name);
  if (view == nullptr) fail(shape.to_string(), "no weight of that name");
  if (!(view->shape == shape)) fail(shape.to_string(), view->shape.to_string());
  const DType d = view->dtype;
  if (graph::is_block_quantised(d)) {
    if (const std::string complaint = graph::block_format_complaint(*view); !complaint.empty()) {
      throw std::invalid_argument("[prepare] weight \"" + name + "\": " + complaint);
    }
    return *view;
  }
  if (d != DType::f32 && d != DType::f16 && d != DType::bf16 && d != DType::i8) {
    fail("as f32, f16, bf16, i8, q8_0, q4_0 or q4_1", std::string(name_of(d)));
  }
  const std::size_t bytes = std::size_t(shape.elements()) * size_of(d);
  if (view->bytes.size() != bytes) fail("of " + std::to_string(bytes) + " bytes", std::to_string(view->bytes.size()));
  const std::size_t rows = shape.rank() > 0 ? std::size_t(shape[0]) : 1;
  if (d == DType::i8 && view->row_scale.size() != rows) {
    fail("as i8 with " + std::to_string(rows) + " row scales", std::to_string(view->row_scale.size()));
  }
  return *view;
}

std::vector<float> rows_as_f32(const graph::WeightView& weight, std::int64_t begin, std::int64_t end) {
  const std::int64_t rows = weight.shape.rank() > 0 ? weight.shape[0] : 1;
  const std::size_t width = rows > 0 ? std::size_t(weight.shape.elements() / rows) : 0;
  const std::size_t count = std::size_t(end - begin) * width;
  if (graph::is_block_quantised(weight.dtype)) {
    std::vector<float> values(count);
    graph::dequantise_rows(weight, begin, end - begin, values.data());
    return values;
  }
  const std::byte* bytes = weight.bytes.data() + std::size_t(begin) * width * size_of(weight.dtype);
  std::vector<float> values(count);
  switch (weight.dtype) {
    case DType::f16:
      for (std::size_t i = 0; i < count; ++i) values[i] = graph::f32_from_f16_bits(half_at(bytes, i));
      break;
    case DType::bf16:
      for (std::size_t i = 0; i < count; ++i) values[i] = std::bit_cast<float>(std::uint32_t{half_at(bytes, i)} << 16);
      break;
    case DType::i8:
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = float(std::int8_t(bytes[i])) * weight.row_scale[std::size_t(begin) + i / width];
      }
      break;
    default:
      if (count > 0) std::memcpy(values.data(), bytes, count * sizeof(float));
  }
  return values;
}

std::vector<std::byte> interleaved_blocks(const graph::WeightView& weight, std::int64_t begin, std::int64_t end) {
  const std::size_t blocks = std::size_t(weight.shape[1] / graph::kBlock), codes = graph::block_bytes(weight.dtype);
  std::vector<std::byte> bytes(std::size_t(end - begin) * blocks * (4 + codes));
  std::byte* to = bytes.data();
  for (std::size_t b = std::size_t(begin) * blocks; b < std::size_t(end) * blocks; ++b) {
    const std::uint16_t factors[2] = {weight.block_scale[b], weight.block_minimum.empty() ? std::uint16_t{0} : weight.block_minimum[b]};
    std::memcpy(to, factors, 4);
    std::memcpy(to + 4, weight.bytes.data() + b * codes, codes);
    to += 4 + codes;
  }
  return bytes;
}

}  // namespace lacuna::vulkan
