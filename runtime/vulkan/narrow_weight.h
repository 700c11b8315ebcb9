#pragma once

#include "runtime/vulkan/weight_store.h"

namespace lacuna::vulkan {

/// What both operands of a product become where narrow arithmetic is allowed.
enum class Narrow : std::uint8_t {
  codes,   // int8, row by row: value = code * factor, factor = largest / 127
  halves,  // f16, row by row: value = half * factor, a power of two that brings the largest into [1/2, 1)
};
/// Elements of a 32-bit word.
constexpr std::int64_t per_word(Narrow narrow) { return narrow == Narrow::codes ? 4 : 2; }
/// Words of a row of `inner` elements, filled up with zeros: rows of halves begin at multiples of 16 bytes.
constexpr std::int64_t row_words(Narrow narrow, std::int64_t inner) {
  return narrow == Narrow::codes ? (inner + 3) / 4 : (inner + 7) / 8 * 4;
}

/// A weight [columns, inner] in f32, f16, bf16 or i8 as rows of row_words(), with row_scale. A
/// weight that is stored as i8 keeps its codes and factors.
std::shared_ptr<const DeviceWeight> narrow_weight(WeightStore& weights, const WeightStore::Source& source,
                                                  const std::string& name, const graph::Shape& shape, Narrow narrow);

/// No rows, but a power of two as the one element of row_scale, which no element of a weight in blocks exceeds.
std::shared_ptr<const DeviceWeight> block_bound(WeightStore& weights, const WeightStore::Source& source, const std::string& name,
                                                const graph::Shape& shape);

/// Rows [begin, end) as codes (rows of `width` bytes) and their factors.
struct CodedRows {
  std::vector<std::byte> codes;
  std::vector<float> scale;
};
CodedRows coded_rows(const graph::WeightView& weight, std::int64_t begin, std::int64_t end);

}  // namespace lacuna::vulkan
