#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lacuna::graph {

/// Element type of a stored tensor. Graph values are f32 (an engine may compute narrower) or i32.
/// q8_0, q4_0 and q4_1 are block-quantised weights: see block_format.h.
enum class DType : std::uint8_t { f32, f64, f16, bf16, i8, u8, i16, i32, i64, boolean, q8_0, q4_0, q4_1 };

/// Bytes of one element; 0 for the block-quantised dtypes, which have no bytes of an element's own.
constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return 1;
    case DType::q8_0:
    case DType::q4_0:
    case DType::q4_1:
      return 0;
  }
  return 0;
}

/// Lower-case name: "f32", "bf16", ...
std::string_view name_of(DType dtype);

}  // namespace lacuna::graph
