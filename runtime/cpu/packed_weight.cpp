#include "runtime/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>

#include "fusion/graph/block_format.h"
#include "runtime/cpu/parallel.h"
#include "runtime/cpu/weight_rows.h"

namespace lacuna::cpu {
namespace {

/// A tile of b is read once for every 32 rows of a: half an L2 cache keeps it near.
constexpr std::int64_t kTileBytes = 512 * 1024;

std::int64_t choose_tile_columns(ProductType type, std::int64_t depth, std::int64_t columns) {
  std::int64_t tile = TileTask::kColumns;
  while (tile > 64 && tile * depth * std::int64_t(size_of(type)) > kTileBytes) tile /= 2;
  return std::min(tile, columns);
}

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

/// Codes and scale of one row.
float quantise(const Kernels& kernels, const float* row, std::int8_t* codes, std::int64_t width) {
  auto* shifted = reinterpret_cast<std::uint8_t*>(codes);
  const float scale = kernels.quantise_row({row, Storage::f32}, shifted, width);
  for (std::int64_t i = 0; i < width; ++i) codes[i] = std::int8_t(shifted[i] ^ 0x80u);  // minus 128
  return scale;
}

}  // namespace

PackedWeight::PackedWeight(const graph::WeightView& weight, std::int64_t begin, std::int64_t end, ProductType type,
                           const Kernels& kernels, TileProducts& products, WorkerPool& workers)
    : streamed_(graph::is_block_quantised(weight.dtype) ? &weight : nullptr),
      type_(type),
      begin_(begin),
      columns_(end - begin),
      depth_(row_elements(weight.shape)),
      tile_columns_(choose_tile_columns(type, depth_, columns_)) {
  std::vector<std::size_t> offsets;
  std::size_t total = 0;
  for (std::int64_t at = 0; at < columns_; at += tile_columns_) {
    Tile tile{products.get(type, depth_, std::min(tile_columns_, columns_ - at)), {}, at};
    offsets.push_back(total);
    total += round_up(tile.product->packed().get_size(), AlignedBytes::kAlignment);
    tiles_.push_back(std::move(tile));
  }
  if (streamed_ != nullptr) return;
  bytes_ = AlignedBytes(total);
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    tiles_[i].packed = dnnl::memory(tiles_[i].product->packed(), tiles_[i].product->engine(), bytes_.data() + offsets[i]);
  }
  if (type == ProductType::int8) {
    column_scale_.resize(std::size_t(columns_));
    column_offset_.resize(std::size_t(columns_));
  }
  parallel_for(workers, std::int64_t(tiles_.size()),
               [&](std::int64_t i, int) { pack_tile(std::size_t(i), weight, begin, kernels); });
}

void PackedWeight::pack_tile(std::size_t index, const graph::WeightView& weight, std::int64_t begin,
                             const Kernels& kernels) {
  Tile& tile = tiles_[index];
  const std::int64_t rows = tile.product->columns(), first = begin + tile.begin;
  const auto width = std::size_t(depth_);
  const std::byte* stored = weight.bytes.data() + std::size_t(first) * width * size_of(weight.dtype);
  if (type_ == ProductType::bf16 && weight.dtype == graph::DType::bf16) return tile.product->pack(stored, tile.packed);

  std::vector<std::int8_t> codes;
  if (type_ == ProductType::int8) codes.resize(std::size_t(rows) * width);
  if (type_ == ProductType::int8 && weight.dtype == graph::DType::i8) {
    std::memcpy(codes.data(), stored, codes.size());
    for (std::int64_t r = 0; r < rows; ++r) {
      column_scale_[std::size_t(tile.begin + r)] = weight.row_scale[std::size_t(first + r)];
    }
  } else {
    std::vector<float> reals(std::size_t(rows) * width);
    read_rows(weight, first, rows, reals.data());
    if (type_ == ProductType::f32) return tile.product->pack(reals.data(), tile.packed);
    if (type_ == ProductType::bf16) {
      std::vector<Bf16> narrow(reals.size());
      kernels.convert({reals.data(), Storage::f32}, {narrow.data(), Storage::bf16}, std::int64_t(reals.size()));
      return tile.product->pack(narrow.data(), tile.packed);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      column_scale_[std::size_t(tile.begin + r)] =
          quantise(kernels, reals.data() + std::size_t(r) * width, codes.data() + std::size_t(r) * width, depth_);
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < width; ++i) sum += codes[std::size_t(r) * width + i];
    column_offset_[std::size_t(tile.begin + r)] = 128 * sum;
  }
  tile.product->pack(codes.data(), tile.packed);
}

std::size_t PackedWeight::scratch_bytes() const {
  std::size_t bytes = 0;
  for (const Tile& tile : tiles_) bytes = std::max(bytes, tile.product->scratch_bytes());
  return bytes;
}

}  // namespace lacuna::cpu
