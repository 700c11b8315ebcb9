#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"

namespace lacuna::graph {

/// One stored weight: row-major bytes, valid for as long as the source that handed it out.
struct WeightView {
  DType dtype = DType::f32;
  Shape shape;
  std::span<const std::byte> bytes;
  /// For dtype i8: one factor per row of axis 0, value = stored * row_scale[row]. Empty otherwise.
  std::span<const float> row_scale = {};
  /// For block-quantised dtypes (block_format.h): `bytes` are the codes, and these are f16 bits, row-major
  /// [rows, columns / 32]: the factor of each block and, for q4_1, what is added. Empty otherwise.
  std::span<const std::uint16_t> block_scale = {};
  std::span<const std::uint16_t> block_minimum = {};
};

/// Where an engine finds weights by name. Implementations are immutable and safe to read from several threads.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// The weight, or nullptr when there is none of that name. The view lives as long as the source.
  virtual const WeightView* find(std::string_view name) const = 0;
};

}  // namespace lacuna::graph
