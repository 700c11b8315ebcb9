#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"

namespace lacuna::graph {

/// A dense row-major tensor that owns its memory; how values enter and leave an engine.
class HostTensor {
 public:
  HostTensor() = default;
  /// Zero-filled.
  HostTensor(DType dtype, Shape shape)
      : dtype_(dtype), shape_(shape), bytes_(std::size_t(shape.elements()) * size_of(dtype)) {}
  /// Throws std::invalid_argument when `values` is not `shape.elements()` long.
  static HostTensor of(Shape shape, std::span<const float> values);
  static HostTensor of(Shape shape, std::span<const std::int32_t> values);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::span<std::byte> bytes() { return bytes_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// Typed views. Throw std::invalid_argument when the dtype differs.
  std::span<float> f32();
  std::span<const float> f32() const;
  std::span<std::int32_t> i32();
  std::span<const std::int32_t> i32() const;

 private:
  DType dtype_ = DType::f32;
  Shape shape_;
  std::vector<std::byte> bytes_;
};

}  // namespace lacuna::graph
