#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"

namespace lacuna::cpu {

/// A value of the reference engine: dense, row-major, f32 or i32, in memory that the plan owns.
struct ReferenceTensor {
  graph::DType dtype = graph::DType::f32;
  graph::Shape shape;
  std::byte* data = nullptr;

  std::size_t size() const { return std::size_t(shape.elements()); }
  std::span<float> f32() const { return {reinterpret_cast<float*>(data), size()}; }
  std::span<std::int32_t> i32() const { return {reinterpret_cast<std::int32_t*>(data), size()}; }
};

}  // namespace lacuna::cpu
