#include "runtime/cpu/streamed_tile.h"

#include <algorithm>

namespace lacuna::cpu {
namespace {

constexpr std::size_t round_up(std::size_t n) {
  return (n + AlignedBytes::kAlignment - 1) / AlignedBytes::kAlignment * AlignedBytes::kAlignment;
}

/// Whether the kernels write a tile where the product reads it. Else its rows are widened one by one and oneDNN packs
/// them, which takes several times as long: odd sizes alone come to that.
bool is_direct(const PackedWeight& weight, const TileProduct& product, const Kernels& kernels) {
  return product.has_word_panels() && (weight.type() != ProductType::int8 || kernels.quantise_panels != nullptr);
}

/// Where the parts of a tile lie in its scratch.
struct Places {
  std::size_t packed = 0, rows = 0, wide = 0, scale = 0, offset = 0, end = 0;

  Places(const PackedWeight& weight, const TileProduct& product) {
    const auto depth = std::size_t(weight.depth()), columns = std::size_t(product.columns());
    const bool coded = weight.type() == ProductType::int8;
    rows = round_up(product.packed().get_size());
    const bool in_place = product.has_word_panels() && !coded;
    wide = rows + (in_place ? 0 : round_up(columns * depth * size_of(weight.type())));
    scale = wide + (coded ? round_up(depth * sizeof(float)) : 0);
    offset = scale + (coded ? round_up(columns * sizeof(float)) : 0);
    end = offset + (coded ? round_up(columns * sizeof(std::int32_t)) : 0);
  }
};

Storage storage_of(ProductType type) { return type == ProductType::bf16 ? Storage::bf16 : Storage::f32; }

/// What codes offset by 128 add to a sum too much, from the sums of codes.
void to_offsets(std::int32_t* sums, std::int64_t count) {
  for (std::int64_t c = 0; c < count; ++c) sums[c] *= 128;
}

/// Rows one after another, for oneDNN to pack.
void widen_rows(const StoredRows& stored, const PackedWeight& weight, const Kernels& kernels, const Places& places,
                std::byte* scratch) {
  const std::int64_t depth = stored.depth;
  for (std::int64_t c = 0; c < stored.rows; ++c) {
    const BlockRow row = block_row(stored, c);
    std::byte* out = scratch + places.rows + std::size_t(c * depth) * size_of(weight.type());
    if (weight.type() != ProductType::int8) {
      kernels.widen_blocks(row, {out, storage_of(weight.type())});
      continue;
    }
    auto* wide = reinterpret_cast<float*>(scratch + places.wide);
    kernels.widen_blocks(row, {wide, Storage::f32});
    auto* codes = reinterpret_cast<std::uint8_t*>(out);
    reinterpret_cast<float*>(scratch + places.scale)[c] = kernels.quantise_row({wide, Storage::f32}, codes, depth);
    std::int32_t sum = 0;
    for (std::int64_t i = 0; i < depth; ++i) {
      codes[i] = std::uint8_t(codes[i] ^ 0x80u);  // minus 128
      sum += std::int8_t(codes[i]);
    }
    reinterpret_cast<std::int32_t*>(scratch + places.offset)[c] = sum;
  }
}

}  // namespace

std::size_t StreamedTile::scratch_bytes(const PackedWeight& weight) {
  std::size_t bytes = 0;
  for (const PackedWeight::Tile& tile : weight.tiles()) bytes = std::max(bytes, Places(weight, *tile.product).end);
  return bytes;
}

StreamedTile::StreamedTile(const PackedWeight& weight, std::size_t index, TileRunner& runner, const Kernels& kernels,
                           std::byte* scratch)
    : packed_(scratch) {
  const PackedWeight::Tile& tile = weight.tiles()[index];
  const Places places(weight, *tile.product);
  const StoredRows stored = weight.stored(tile);
  auto* sums = reinterpret_cast<std::int32_t*>(scratch + places.offset);
  if (weight.type() == ProductType::int8) {
    column_scale_ = reinterpret_cast<const float*>(scratch + places.scale);
    column_offset_ = sums;
  }
  if (!is_direct(weight, *tile.product, kernels)) {
    widen_rows(stored, weight, kernels, places, scratch);
    runner.pack(scratch + places.rows, scratch);
  } else if (weight.type() == ProductType::int8) {
    column_scale_ = weight.streamed_scales(index, kernels);
    kernels.quantise_panels(stored, column_scale_, scratch, sums);
  } else {
    kernels.widen_panels(stored, {scratch, storage_of(weight.type())});
  }
  if (weight.type() == ProductType::int8) to_offsets(sums, stored.rows);
}

}  // namespace lacuna::cpu
