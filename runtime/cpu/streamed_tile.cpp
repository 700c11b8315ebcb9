#include "runtime/cpu/streamed_tile.h"

#include <algorithm>

#include "fusion/graph/block_format.h"

namespace lacuna::cpu {
namespace {

constexpr std::size_t round_up(std::size_t n) {
  return (n + AlignedBytes::kAlignment - 1) / AlignedBytes::kAlignment * AlignedBytes::kAlignment;
}

/// Where the parts of a tile lie in its scratch.
struct Places {
  std::size_t packed = 0, rows = 0, wide = 0, scale = 0, offset = 0, end = 0;

  Places(const PackedWeight& weight, const TileProduct& product) {
    const auto depth = std::size_t(weight.depth()), columns = std::size_t(product.columns());
    rows = round_up(product.packed().get_size());
    wide = rows + round_up(columns * depth * size_of(weight.type()));
    const bool coded = weight.type() == ProductType::int8;
    scale = wide + (coded ? round_up(depth * sizeof(float)) : 0);
    offset = scale + (coded ? round_up(columns * sizeof(float)) : 0);
    end = offset + (coded ? round_up(columns * sizeof(std::int32_t)) : 0);
  }
};

}  // namespace

std::size_t StreamedTile::scratch_bytes(const PackedWeight& weight) {
  std::size_t bytes = 0;
  for (const PackedWeight::Tile& tile : weight.tiles()) bytes = std::max(bytes, Places(weight, *tile.product).end);
  return bytes;
}

StreamedTile::StreamedTile(const PackedWeight& weight, std::size_t index, TileRunner& runner, const Kernels& kernels,
                           std::byte* scratch) {
  const PackedWeight::Tile& tile = weight.tiles()[index];
  const graph::WeightView& view = *weight.streamed();
  const Places places(weight, *tile.product);
  const std::int64_t depth = weight.depth(), blocks = depth / graph::kBlock, columns = tile.product->columns();
  const std::size_t row_bytes = std::size_t(depth) * size_of(weight.type());
  for (std::int64_t c = 0; c < columns; ++c) {
    const std::int64_t block = (weight.begin() + tile.begin + c) * blocks;
    const BlockRow row{view.dtype,
                       reinterpret_cast<const std::uint8_t*>(view.bytes.data()) +
                           std::size_t(block) * graph::block_bytes(view.dtype),
                       view.block_scale.data() + block,
                       view.block_minimum.empty() ? nullptr : view.block_minimum.data() + block, blocks};
    std::byte* out = scratch + places.rows + std::size_t(c) * row_bytes;
    if (weight.type() == ProductType::int8) {
      auto* wide = reinterpret_cast<float*>(scratch + places.wide);
      kernels.widen_blocks(row, {wide, Storage::f32});
      auto* codes = reinterpret_cast<std::uint8_t*>(out);
      reinterpret_cast<float*>(scratch + places.scale)[c] = kernels.quantise_row({wide, Storage::f32}, codes, depth);
      std::int32_t sum = 0;
      for (std::int64_t i = 0; i < depth; ++i) {
        codes[i] = std::uint8_t(codes[i] ^ 0x80u);  // minus 128
        sum += std::int8_t(codes[i]);
      }
      reinterpret_cast<std::int32_t*>(scratch + places.offset)[c] = 128 * sum;
    } else {
      kernels.widen_blocks(row, {out, weight.type() == ProductType::bf16 ? Storage::bf16 : Storage::f32});
    }
  }
  runner.pack(scratch + places.rows, scratch + places.packed);
  packed_ = scratch + places.packed;
  if (weight.type() == ProductType::int8) {
    column_scale_ = reinterpret_cast<const float*>(scratch + places.scale);
    column_offset_ = reinterpret_cast<const std::int32_t*>(scratch + places.offset);
  }
}

}  // namespace lacuna::cpu
