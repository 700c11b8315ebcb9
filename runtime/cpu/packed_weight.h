#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "fusion/graph/weight_source.h"
#include "runtime/cpu/aligned_bytes.h"
#include "runtime/cpu/kernels/kernels.h"
#include "runtime/cpu/tile_product.h"
#include "runtime/cpu/worker_pool.h"

namespace lacuna::cpu {

/// Some rows [begin, end) of a weight [N, K], packed for tile products: each tile covers up to tile_columns() of
/// these rows (which are columns of the product). Block-quantised weights, and large ones in bf16, are not packed but
/// streamed: a product widens a tile of them each time it needs one (StreamedTile), so that they take no memory but that
/// of the file, and no time before the first run.
class PackedWeight {
 public:
  struct Tile {
    std::shared_ptr<const TileProduct> product;
    dnnl::memory packed;
    std::int64_t begin = 0;  // first column
  };

  /// Packs on the threads of `workers`. Weights stored as i8 with row scales are taken as they are by the int8 type;
  /// others are quantised by row, symmetrically: scale = max |w| / 127. `streamed_bytes`: see CpuOptions.
  PackedWeight(const graph::WeightView& weight, std::int64_t begin, std::int64_t end, ProductType type,
               std::size_t streamed_bytes, const Kernels& kernels, TileProducts& products, WorkerPool& workers);

  ProductType type() const { return type_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t depth() const { return depth_; }
  /// First row of the weight.
  std::int64_t begin() const { return begin_; }
  /// The stored weight if it is streamed, else null. Tiles then have no memory of their own.
  const graph::WeightView* streamed() const { return streamed_; }
  std::int64_t tile_columns() const { return tile_columns_; }
  const std::vector<Tile>& tiles() const { return tiles_; }
  /// Bytes of scratch that any of its tiles needs.
  std::size_t scratch_bytes() const;
  /// Where the rows of a tile of a streamed weight lie.
  StoredRows stored(const Tile& tile) const;
  /// Scales of the columns of a tile of a streamed weight, int8.
  const float* streamed_scales(std::size_t index, const Kernels& kernels) const;
  /// Scale of each column, and 128 * the sum of its codes (what codes offset by 128 add too much). Empty unless int8, and
  /// where the weight is streamed.
  const std::vector<float>& column_scale() const { return column_scale_; }
  const std::vector<std::int32_t>& column_offset() const { return column_offset_; }

 private:
  bool is_worth_streaming(const graph::WeightView& weight, std::size_t streamed_bytes) const;
  void pack_tile(std::size_t index, const graph::WeightView& weight, std::int64_t begin, const Kernels& kernels);

  const graph::WeightView* streamed_ = nullptr;
  ProductType type_;
  std::int64_t begin_;
  std::int64_t columns_;
  std::int64_t depth_;
  std::int64_t tile_columns_;
  AlignedBytes bytes_;
  std::vector<Tile> tiles_;
  std::vector<float> column_scale_;
  std::vector<std::int32_t> column_offset_;
  /// Of a streamed weight, int8: scales of a tile's columns, found when the tile is used for the first time.
  struct StreamedScales {
    std::once_flag found;
    std::vector<float> scale;
  };
  std::unique_ptr<StreamedScales[]> streamed_scales_;
};

}  // namespace lacuna::cpu
