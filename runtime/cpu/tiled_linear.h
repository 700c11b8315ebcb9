#pragma once

#include <optional>
#include <vector>

#include "runtime/cpu/graph_compiler.h"

namespace lacuna::cpu {

/// The rows of the left operand, as tiles of TileProduct::kRows rows in the type of the product. The last tile is
/// filled up with zero rows.
class LeftRows {
 public:
  /// Asks the compiler for the operand and for memory.
  LeftRows(GraphCompiler& compiler, graph::ValueId x, ProductType type);

  std::int64_t rows() const { return rows_; }
  std::int64_t tiles() const { return (rows_ + TileProduct::kRows - 1) / TileProduct::kRows; }
  /// Buffers for Step::reads and Step::writes.
  BufferId input() const { return x_.buffer; }
  std::vector<BufferId> scratch() const;
  /// Quantises, or copies the last tile. To be called before tile() in every run.
  void prepare(const RunContext& context) const;
  const void* tile(const RunContext& context, std::int64_t index) const;
  /// Scales of the rows of a tile; null unless int8.
  const float* scales(const RunContext& context, std::int64_t index) const;

 private:
  ProductType type_;
  Operand x_;
  std::int64_t rows_;
  std::int64_t depth_;
  BufferId codes_ = -1;   // int8: all tiles; else the last tile where it is not full
  BufferId scales_ = -1;  // int8
};

/// One product x w^T with what follows it: out = residual + activation(x w^T + bias), or, with `up`,
/// out = silu(x w^T + bias) * (x up^T + up_bias).
struct LinearJob {
  std::shared_ptr<const PackedWeight> weight;
  std::optional<Operand> bias;
  std::optional<graph::Unary> activation;
  std::optional<Operand> residual;
  std::shared_ptr<const PackedWeight> up;
  std::optional<Operand> up_bias;
  Operand out;
};

/// Several products of the same rows, cut into tiles that run in parallel. All weights have one ProductType.
class TiledLinear {
 public:
  TiledLinear(std::vector<LinearJob> jobs, int threads);

  /// Bytes that run() needs for all threads.
  std::size_t scratch_bytes() const { return thread_bytes_ * runners_.size(); }
  /// Computes tiles [begin, end) of `left`. Row `begin * kRows` of the result is row 0 of the outputs.
  void run(const RunContext& context, const LeftRows& left, std::int64_t begin, std::int64_t end,
           std::byte* scratch);

 private:
  struct Column {  // one tile of one job
    std::size_t job;
    std::size_t tile;
    std::size_t runner;
  };
  /// A tile of weights, packed, with the scales of its columns (null unless int8).
  struct Packed {
    const void* data = nullptr;
    const float* scale = nullptr;
    const std::int32_t* offset = nullptr;
  };
  Packed packed(const RunContext& context, const PackedWeight& weight, const Column& column, int thread,
                std::byte* scratch);
  void run_tile(const RunContext& context, const LeftRows& left, const Column& column, const Packed& weight,
                const Packed& up, std::int64_t row_tile, std::int64_t first, int thread, std::byte* scratch);
  TileTask task(const RunContext& context, const LeftRows& left, const Column& column, const Packed& weight,
                std::int64_t row_tile, std::int64_t first) const;

  std::vector<LinearJob> jobs_;
  std::vector<Column> columns_;
  std::vector<std::vector<TileRunner>> runners_;  // by thread, then by product
  std::size_t sums_bytes_ = 0;
  std::size_t product_bytes_ = 0;   // scratch of a tile product
  std::size_t streamed_bytes_ = 0;  // of a streamed tile; there are two where a job has `up`
  std::size_t thread_bytes_ = 0;
};

}  // namespace lacuna::cpu
