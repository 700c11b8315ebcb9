#include "runtime/vulkan/narrow_weight.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "fusion/graph/block_format.h"
#include "runtime/vulkan/weight_rows.h"

namespace lacuna::vulkan {
namespace {

using graph::DType;
using graph::WeightView;

std::int64_t width_of(const WeightView& weight) { return weight.shape[0] > 0 ? weight.shape.elements() / weight.shape[0] : 0; }

/// To the nearest f16, ties to even, for magnitudes up to 1.
std::uint16_t half_of(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  const auto sign = std::uint16_t(bits >> 31 << 15);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude < 0x38800000u) return std::uint16_t(sign | std::uint16_t(std::nearbyint(std::abs(v) * 0x1p24f)));  // subnormal
  return std::uint16_t(sign | std::uint16_t((magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13));
}

float largest_of(std::span<const float> row) {
  float largest = 0.0f;
  for (const float v : row) largest = std::max(largest, std::abs(v));
  return largest;
}

float power_of_two_above(float v) {
  int exponent = 0;
  std::frexp(v, &exponent);
  return std::ldexp(1.0f, std::clamp(exponent, -100, 120));
}

/// Rows of words, and their factors, appended.
void add_halves(const WeightView& weight, std::int64_t begin, std::int64_t end, std::vector<std::byte>& words,
                std::vector<float>& scale) {
  const auto width = std::size_t(width_of(weight));
  const std::vector<float> values = rows_as_f32(weight, begin, end);
  std::vector<std::uint16_t> row(std::size_t(row_words(Narrow::halves, std::int64_t(width))) * 2);
  for (std::int64_t r = 0; r < end - begin; ++r) {
    const std::span from(values.data() + std::size_t(r) * width, width);
    const float factor = power_of_two_above(largest_of(from));
    for (std::size_t i = 0; i < width; ++i) row[i] = half_of(from[i] / factor);
    const auto bytes = std::as_bytes(std::span(row));
    words.insert(words.end(), bytes.begin(), bytes.end());
    scale.push_back(factor);
  }
}

void add_codes(const WeightView& weight, std::int64_t begin, std::int64_t end, std::vector<std::byte>& words,
               std::vector<float>& scale) {
  const CodedRows rows = coded_rows(weight, begin, end);
  const auto width = std::size_t(width_of(weight)), padded = (width + 3) / 4 * 4;
  const std::size_t first = words.size();
  words.resize(first + std::size_t(end - begin) * padded);
  for (std::size_t r = 0; r < std::size_t(end - begin); ++r) {
    std::memcpy(words.data() + first + r * padded, rows.codes.data() + r * width, width);
  }
  scale.insert(scale.end(), rows.scale.begin(), rows.scale.end());
}

}  // namespace

CodedRows coded_rows(const WeightView& weight, std::int64_t begin, std::int64_t end) {
  const auto width = std::size_t(width_of(weight));
  CodedRows rows;
  if (weight.dtype == DType::i8) {
    const auto from = weight.bytes.subspan(std::size_t(begin) * width, std::size_t(end - begin) * width);
    rows.codes.assign(from.begin(), from.end());
    rows.scale.assign(weight.row_scale.begin() + begin, weight.row_scale.begin() + end);
    return rows;
  }
  const std::vector<float> values = rows_as_f32(weight, begin, end);
  rows.codes.resize(values.size());
  for (std::int64_t r = 0; r < end - begin; ++r) {
    const std::span from(values.data() + std::size_t(r) * width, width);
    const float largest = largest_of(from), scale = largest > 0.0f ? largest / 127.0f : 1.0f, inverse = 1.0f / scale;
    for (std::size_t i = 0; i < width; ++i) {
      rows.codes[std::size_t(r) * width + i] = std::byte(std::int8_t(std::nearbyint(from[i] * inverse)));
    }
    rows.scale.push_back(scale);
  }
  return rows;
}

std::shared_ptr<const DeviceWeight> narrow_weight(WeightStore& weights, const WeightStore::Source& source,
                                                  const std::string& name, const graph::Shape& shape, Narrow narrow) {
  if (narrow == Narrow::codes && require_weight(*source, name, shape).dtype == DType::i8 && shape[1] % 4 == 0) {
    return weights.stored(source, name, shape);
  }
  const char* form = narrow == Narrow::codes ? "codes" : "halves";
  return weights.form(source, name, shape, form, [narrow](WeightStore& store, const WeightView& w) {
    DeviceWeight made;
    made.dtype = narrow == Narrow::codes ? DType::i8 : DType::f16;
    made.rows = w.shape[0];
    made.width = width_of(w);
    const std::size_t row_bytes = std::size_t(row_words(narrow, made.width)) * 4;
    // Some rows at a time, so that the converted copy stays small.
    const auto most = std::int64_t(std::max<std::size_t>(1, (std::size_t{64} << 20) / std::max<std::size_t>(1, row_bytes)));
    std::vector<float> scale;
    for (std::int64_t first = 0; first < made.rows; first += most) {
      const std::int64_t end = std::min(made.rows, first + most);
      std::vector<std::byte> words;
      (narrow == Narrow::codes ? add_codes : add_halves)(w, first, end, words, scale);
      for (WeightPart part : store.put_rows(words, end - first, row_bytes)) {
        part.first += first;
        made.parts.push_back(std::move(part));
      }
    }
    made.row_scale = store.put(std::as_bytes(std::span<const float>(scale)));
    return made;
  });
}

std::shared_ptr<const DeviceWeight> block_bound(WeightStore& weights, const WeightStore::Source& source, const std::string& name,
                                                const graph::Shape& shape) {
  return weights.form(source, name, shape, "bound", [](WeightStore& store, const WeightView& w) {
    const float largest_code = w.dtype == DType::q8_0 ? 128.0f : w.dtype == DType::q4_0 ? 8.0f : 15.0f;
    std::uint16_t factor = 0, minimum = 0;  // magnitudes of f16 are ordered as their bits are
    for (const std::uint16_t bits : w.block_scale) factor = std::max(factor, std::uint16_t(bits & 0x7fffu));
    for (const std::uint16_t bits : w.block_minimum) minimum = std::max(minimum, std::uint16_t(bits & 0x7fffu));
    const float bound = power_of_two_above(graph::f32_from_f16_bits(factor) * largest_code + graph::f32_from_f16_bits(minimum));
    DeviceWeight made;
    made.dtype = w.dtype;
    made.row_scale = store.put(std::as_bytes(std::span(&bound, 1)));
    return made;
  });
}

}  // namespace lacuna::vulkan
