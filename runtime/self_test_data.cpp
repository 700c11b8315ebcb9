#include "runtime/self_test_data.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "fusion/graph/block_format.h"
#include "fusion/graph/philox.h"

namespace lacuna::runtime {
namespace {

using graph::DType;

DType type_of(const std::string& name) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::i8, DType::q8_0, DType::q4_0, DType::q4_1}) {
    if (name.starts_with(std::string(name_of(dtype)) + ' ')) return dtype;
  }
  return DType::f32;
}

/// The f16 nearest below, for numbers that are 0 or from 2^-14 to 65504: all that is stored here.
std::uint16_t half_of(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t rest = magnitude < 0x38800000u ? 0 : (magnitude - 0x38000000u) >> 13;
  return std::uint16_t(bits >> 31 << 15 | rest);
}

}  // namespace

std::vector<float> numbers(std::uint64_t key, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = float(2.0 * graph::uniform_at(key, graph::RandomStream::data, 0, std::uint32_t(i)) - 1.0);
  }
  return values;
}

std::vector<float> factors(std::uint64_t key, std::int64_t rows, std::int64_t width, Arithmetic arithmetic) {
  std::vector<float> values = numbers(key, rows * width);
  if (arithmetic == Arithmetic::half) {
    for (float& v : values) v = std::round(8.0f * v) / 8.0f;
  } else if (arithmetic == Arithmetic::int8) {
    for (float& v : values) v = std::round(127.0f * v);
    for (std::int64_t row = 0; row < rows; ++row) values[std::size_t(row * width + row % width)] = row % 2 == 0 ? 127.0f : -127.0f;
  }
  return values;
}

SelfTestWeights::SelfTestWeights(const graph::Graph& graph, Arithmetic arithmetic) {
  std::uint64_t key = 1;
  for (const graph::NamedShape& weight : graph.weights()) add(weight.name, weight.shape, ++key, arithmetic);
}

const graph::WeightView* SelfTestWeights::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.view;
}

void SelfTestWeights::add(const std::string& name, const graph::Shape& shape, std::uint64_t key, Arithmetic arithmetic) {
  Entry& entry = entries_[name];
  const DType dtype = type_of(name);
  const bool matrix = shape.rank() == 2;
  const std::vector<float> values =
      matrix ? factors(key, shape[0], shape[1], arithmetic) : numbers(key, shape.elements());
  if (graph::is_block_quantised(dtype)) {
    // Any codes will do.
    entry.bytes.resize(graph::code_bytes(dtype, shape.elements()));
    const std::vector<float> codes = numbers(key + 1000, std::int64_t(entry.bytes.size()));
    for (std::size_t i = 0; i < codes.size(); ++i) entry.bytes[i] = std::byte(std::int8_t(std::lround(127.0f * codes[i])));
    for (std::int64_t b = 0; b < shape.elements() / graph::kBlock; ++b) {
      entry.block_scale.push_back(half_of(0.0625f + 0.03125f * float(b % 5)));
      if (dtype == DType::q4_1) entry.block_minimum.push_back(half_of(-0.5f + 0.125f * float(b % 3)));
    }
  } else {
    entry.bytes.resize(values.size() * size_of(dtype));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(values[i]);
      const auto half = dtype == DType::bf16 ? std::uint16_t(bits >> 16) : half_of(values[i]);
      const double code = arithmetic == Arithmetic::half && matrix ? 8.0 : arithmetic == Arithmetic::int8 && matrix ? 1.0 : 127.0;
      const auto byte = std::int8_t(std::lround(code * double(values[i])));
      const void* from = dtype == DType::f32 ? static_cast<const void*>(&values[i])
                         : dtype == DType::i8 ? static_cast<const void*>(&byte)
                                              : static_cast<const void*>(&half);
      std::memcpy(entry.bytes.data() + i * size_of(dtype), from, size_of(dtype));
    }
    if (dtype == DType::i8) {
      for (std::int64_t row = 0; row < shape[0]; ++row) entry.row_scale.push_back(0.01f + 0.001f * float(row % 7));
    }
  }
  entry.view = {dtype, shape, entry.bytes, entry.row_scale, entry.block_scale, entry.block_minimum};
}

}  // namespace lacuna::runtime
