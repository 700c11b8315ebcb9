#include "runtime/cpu/tiled_linear.h"

#include <algorithm>
#include <cstring>

#include "runtime/cpu/parallel.h"
#include "runtime/cpu/streamed_tile.h"

namespace lacuna::cpu {
namespace {

constexpr std::int64_t kRows = TileProduct::kRows;

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

Storage storage_of(ProductType type) { return type == ProductType::bf16 ? Storage::bf16 : Storage::f32; }

std::int64_t row_count(const graph::Shape& shape) {
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
  return rows;
}

}  // namespace

LeftRows::LeftRows(GraphCompiler& compiler, graph::ValueId x, ProductType type)
    : type_(type),
      x_(type == ProductType::int8 ? compiler.read_plain(x) : compiler.read(x, storage_of(type))),
      rows_(row_count(x_.shape)),
      depth_(x_.shape[-1]) {
  const auto tile_bytes = std::size_t(kRows * depth_) * size_of(type);
  if (type == ProductType::int8) {
    codes_ = compiler.scratch(std::size_t(tiles()) * tile_bytes);
    scales_ = compiler.scratch(std::size_t(tiles() * kRows) * sizeof(float));
  } else if (rows_ % kRows != 0) {
    codes_ = compiler.scratch(tile_bytes);
  }
}

std::vector<BufferId> LeftRows::scratch() const {
  std::vector<BufferId> buffers;
  if (codes_ >= 0) buffers.push_back(codes_);
  if (scales_ >= 0) buffers.push_back(scales_);
  return buffers;
}

void LeftRows::prepare(const RunContext& context) const {
  const ConstReals x = context.reals(x_);
  if (type_ == ProductType::int8) {
    auto* codes = context.at<std::uint8_t>(codes_);
    auto* scales = context.at<float>(scales_);
    parallel_for(context.workers, tiles(), [&](std::int64_t tile, int) {
      for (std::int64_t r = tile * kRows; r < (tile + 1) * kRows; ++r) {
        if (r < rows_) {
          scales[r] = context.kernels.quantise_row(x.from(r * depth_), codes + r * depth_, depth_);
        } else {
          scales[r] = 0.0f;
          std::memset(codes + r * depth_, 128, std::size_t(depth_));
        }
      }
    });
  } else if (codes_ >= 0) {
    const std::int64_t rest = rows_ % kRows;
    auto* tile = context.at<std::byte>(codes_);
    const auto bytes = std::size_t(rest * depth_) * size_of(type_);
    std::memcpy(tile, x.from((rows_ - rest) * depth_).data, bytes);
    std::memset(tile + bytes, 0, std::size_t(kRows * depth_) * size_of(type_) - bytes);
  }
}

const void* LeftRows::tile(const RunContext& context, std::int64_t index) const {
  const std::int64_t first = index * kRows;
  if (type_ == ProductType::int8) return context.at<std::uint8_t>(codes_) + first * depth_;
  if (first + kRows > rows_) return context.at<std::byte>(codes_);
  return context.reals(x_).from(first * depth_).data;
}

const float* LeftRows::scales(const RunContext& context, std::int64_t index) const {
  return type_ == ProductType::int8 ? context.at<float>(scales_) + index * kRows : nullptr;
}

TiledLinear::TiledLinear(std::vector<LinearJob> jobs, int threads) : jobs_(std::move(jobs)) {
  std::vector<std::shared_ptr<const TileProduct>> products;
  std::int64_t widest = 0;
  std::size_t scratch = 0;
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    const PackedWeight& weight = *jobs_[j].weight;
    scratch = std::max(scratch, weight.scratch_bytes());
    for (const PackedWeight* used : {jobs_[j].weight.get(), jobs_[j].up.get()}) {
      if (used != nullptr && used->streamed() != nullptr) {
        streamed_bytes_ = std::max(streamed_bytes_, StreamedTile::scratch_bytes(*used));
      }
    }
    for (std::size_t t = 0; t < weight.tiles().size(); ++t) {
      const auto& product = weight.tiles()[t].product;
      widest = std::max(widest, product->sums_stride());
      auto known = std::ranges::find(products, product);
      if (known == products.end()) known = products.insert(known, product);
      columns_.push_back({j, t, std::size_t(known - products.begin())});
    }
  }
  for (int i = 0; i < threads; ++i) runners_.emplace_back(products.begin(), products.end());
  sums_bytes_ = round_up(std::size_t(kRows * widest) * sizeof(float), AlignedBytes::kAlignment);
  product_bytes_ = round_up(scratch, AlignedBytes::kAlignment);
  thread_bytes_ = 2 * sums_bytes_ + product_bytes_ + 2 * streamed_bytes_;
}

void TiledLinear::run(const RunContext& context, const LeftRows& left, std::int64_t begin, std::int64_t end,
                      std::byte* scratch) {
  // Neighbouring tasks share a tile of weights; about eight tasks a thread level out the load.
  const auto columns = std::int64_t(columns_.size());
  const std::int64_t row_tiles = end - begin;
  const std::int64_t threads = context.workers.threads();
  std::int64_t group = std::clamp<std::int64_t>(row_tiles * columns / (8 * threads), 1, row_tiles);
  // A streamed tile is widened once for each task: as few as keep the threads busy.
  if (streamed_bytes_ > 0) {
    const std::int64_t tasks = std::clamp<std::int64_t>(2 * threads / columns, 1, row_tiles);
    group = (row_tiles + tasks - 1) / tasks;
  }
  const std::int64_t groups = (row_tiles + group - 1) / group;
  parallel_for(context.workers, columns * groups, [&](std::int64_t index, int thread) {
    const Column& column = columns_[std::size_t(index / groups)];
    const std::int64_t from = begin + index % groups * group;
    std::byte* own = scratch + std::size_t(thread) * thread_bytes_;
    std::byte* streamed = own + 2 * sums_bytes_ + product_bytes_;
    const LinearJob& job = jobs_[column.job];
    const Packed weight = packed(context, *job.weight, column, thread, streamed);
    const Packed up = job.up ? packed(context, *job.up, column, thread, streamed + streamed_bytes_) : Packed{};
    for (std::int64_t r = from; r < std::min(from + group, end); ++r) {
      run_tile(context, left, column, weight, up, r, begin * kRows, thread, own);
    }
  });
}

TiledLinear::Packed TiledLinear::packed(const RunContext& context, const PackedWeight& weight, const Column& column,
                                        int thread, std::byte* scratch) {
  if (weight.streamed() != nullptr) {
    const StreamedTile tile(weight, column.tile, runners_[std::size_t(thread)][column.runner], context.kernels, scratch);
    return {tile.packed(), tile.column_scale(), tile.column_offset()};
  }
  const PackedWeight::Tile& tile = weight.tiles()[column.tile];
  if (weight.type() != ProductType::int8) return {tile.packed.get_data_handle(), nullptr, nullptr};
  return {tile.packed.get_data_handle(), weight.column_scale().data() + tile.begin,
          weight.column_offset().data() + tile.begin};
}

TileTask TiledLinear::task(const RunContext& context, const LeftRows& left, const Column& column, const Packed& weight,
                           std::int64_t row_tile, std::int64_t first) const {
  const LinearJob& job = jobs_[column.job];
  const PackedWeight::Tile& tile = job.weight->tiles()[column.tile];
  const std::int64_t row = row_tile * kRows - first;
  TileTask t;
  t.rows = std::min(kRows, left.rows() - row_tile * kRows);
  t.columns = tile.product->columns();
  t.sums_stride = tile.product->sums_stride();
  t.out_stride = t.residual_stride = job.weight->columns();
  t.out = context.reals(job.out).from(row * t.out_stride + tile.begin);
  if (job.bias) t.bias = context.at<float>(*job.bias) + tile.begin;
  if (job.activation) t.activation = &*job.activation;
  if (job.residual) t.residual = context.reals(*job.residual).from(row * t.out_stride + tile.begin);
  if (job.weight->type() == ProductType::int8) t.scale = {left.scales(context, row_tile), weight.scale, weight.offset};
  return t;
}

void TiledLinear::run_tile(const RunContext& context, const LeftRows& left, const Column& column, const Packed& weight,
                           const Packed& up, std::int64_t row_tile, std::int64_t first, int thread, std::byte* scratch) {
  const LinearJob& job = jobs_[column.job];
  TileRunner& runner = runners_[std::size_t(thread)][column.runner];
  const void* a = left.tile(context, row_tile);
  std::byte* own_scratch = scratch + 2 * sums_bytes_;
  TileTask t = task(context, left, column, weight, row_tile, first);
  t.sums = scratch;
  runner.run(a, weight.data, scratch, own_scratch);
  if (!job.up) return context.kernels.finish_tile(t);

  TileTask u = t;
  u.sums = scratch + sums_bytes_;
  runner.run(a, up.data, scratch + sums_bytes_, own_scratch);
  u.bias = job.up_bias ? context.at<float>(*job.up_bias) + job.up->tiles()[column.tile].begin : nullptr;
  u.scale.column = up.scale;
  u.scale.offset = up.offset;
  context.kernels.finish_gated_tile(t, u);
}

}  // namespace lacuna::cpu
