#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "fusion/graph/dtype.h"

namespace lacuna::weights {

/// A dtype and how safetensors spells it.
struct SafetensorsDType {
  graph::DType dtype;
  std::string_view name;
};

inline constexpr std::array<SafetensorsDType, 10> kSafetensorsDTypes = {{
    {graph::DType::f64, "F64"},
    {graph::DType::f32, "F32"},
    {graph::DType::f16, "F16"},
    {graph::DType::bf16, "BF16"},
    {graph::DType::i64, "I64"},
    {graph::DType::i32, "I32"},
    {graph::DType::i16, "I16"},
    {graph::DType::i8, "I8"},
    {graph::DType::u8, "U8"},
    {graph::DType::boolean, "BOOL"},
}};

constexpr std::optional<graph::DType> dtype_from_safetensors(std::string_view name) {
  for (const SafetensorsDType& row : kSafetensorsDTypes) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

constexpr std::string_view safetensors_name(graph::DType dtype) {
  for (const SafetensorsDType& row : kSafetensorsDTypes) {
    if (row.dtype == dtype) return row.name;
  }
  return {};
}

}  // namespace lacuna::weights
