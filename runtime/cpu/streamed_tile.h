#pragma once

#include "runtime/cpu/packed_weight.h"

namespace lacuna::cpu {

/// One tile of a streamed weight, widened into a thread's scratch while it is used: what a PackedWeight would hold.
class StreamedTile {
 public:
  /// Bytes of scratch for any tile of `weight`, the packed tile included.
  static std::size_t scratch_bytes(const PackedWeight& weight);

  /// Widens tile `index` of `weight`, which is streamed. `scratch` is aligned to a cache line and stays in use.
  StreamedTile(const PackedWeight& weight, std::size_t index, TileRunner& runner, const Kernels& kernels,
               std::byte* scratch);

  const void* packed() const { return packed_; }
  /// Of the tile's columns; null unless int8.
  const float* column_scale() const { return column_scale_; }
  const std::int32_t* column_offset() const { return column_offset_; }

 private:
  const void* packed_ = nullptr;
  const float* column_scale_ = nullptr;
  const std::int32_t* column_offset_ = nullptr;
};

}  // namespace lacuna::cpu
