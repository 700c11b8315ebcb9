#include "runtime/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>

#include "fusion/graph/block_format.h"
#include "runtime/cpu/cpu_executor.h"
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
                           std::size_t streamed_bytes, const Kernels& kernels, TileProducts& products,
                           WorkerPool& workers)
    : type_(type),
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
  if (graph::is_block_quantised(weight.dtype) || is_worth_streaming(weight, streamed_bytes)) streamed_ = &weight;
  if (streamed_ != nullptr) {
    if (type == ProductType::int8) streamed_scales_ = std::make_unique<StreamedScales[]>(tiles_.size());
    return;
  }
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

bool PackedWeight::is_worth_streaming(const graph::WeightView& weight, std::size_t streamed_bytes) const {
  const std::size_t least = type_ == ProductType::f32 ? streamed_bytes / CpuOptions::kWidenedSooner : streamed_bytes;
  return weight.dtype == graph::DType::bf16 && type_ != ProductType::int8 && depth_ % graph::kBlock == 0 &&
         std::size_t(columns_ * depth_) * size_of(weight.dtype) >= least &&
         std::ranges::all_of(tiles_, [](const Tile& tile) { return tile.product->has_word_panels(); });
}

StoredRows PackedWeight::stored(const Tile& tile) const {
  const std::int64_t row = begin_ + tile.begin;
  StoredRows rows;
  rows.dtype = streamed_->dtype;
  rows.rows = tile.product->columns();
  rows.depth = depth_;
  rows.codes = reinterpret_cast<const std::uint8_t*>(streamed_->bytes.data());
  if (!graph::is_block_quantised(rows.dtype)) {
    rows.codes += std::size_t(row * depth_) * size_of(rows.dtype);
    return rows;
  }
  const std::int64_t block = row * (depth_ / graph::kBlock);
  rows.codes += std::size_t(block) * graph::block_bytes(rows.dtype);
  rows.scale = streamed_->block_scale.data() + block;
  if (!streamed_->block_minimum.empty()) rows.minimum = streamed_->block_minimum.data() + block;
  return rows;
}

const float* PackedWeight::streamed_scales(std::size_t index, const Kernels& kernels) const {
  StreamedScales& scales = streamed_scales_[index];
  std::call_once(scales.found, [&] {
    const StoredRows rows = stored(tiles_[index]);
    for (std::int64_t r = 0; r < rows.rows; ++r) {
      // As quantise_row scales the widened row.
      const float peak = kernels.peak_of_blocks(block_row(rows, r));
      scales.scale.push_back(peak > 0.0f ? peak / 127.0f : 1.0f);
    }
  });
  return scales.scale.data();
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
