#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"
#include "runtime/weights/safetensors.h"
#include "runtime/weights/tensor_source.h"

/// Rewrites checkpoints tensor by tensor and row by row, so that an 8B model needs little more memory than the
/// largest rows that are read at once.
namespace lacuna::weights {

/// A tensor to write, and where its values come from.
struct ConversionTensor {
  std::string name;
  graph::Shape shape;
  /// f32, bf16, f16; for two axes also i8 (rows with a factor each), q8_0, q4_0 and q4_1.
  graph::DType dtype = graph::DType::bf16;
  /// Fills rows [begin, begin + rows) along axis 0 (a scalar has one row) as f32. Called from one thread.
  std::function<void(std::int64_t begin, std::int64_t rows, float* out)> read_rows;
  /// Called when the tensor is complete; may be empty.
  std::function<void()> done = {};
};

/// The tensor `name` of `source` under another name, its rows in the order `row_order` (empty = as they are). The
/// source is shared. Throws std::invalid_argument when there is no such tensor or the order does not fit its rows.
ConversionTensor conversion_of(std::shared_ptr<const TensorSource> source, const std::string& name, std::string new_name,
                               graph::DType dtype, std::vector<std::int64_t> row_order = {});

/// Row order that undoes llama.cpp's interleaving of rotary pairs in a projection with `heads` heads of `head_dim`
/// rows: row t * head_dim / 2 + j of a head comes from its row 2 j + t. For q and k projections (and biases) of GGUF
/// files of architecture "llada"; "dream" files are not interleaved.
std::vector<std::int64_t> rotary_half_order(std::int64_t heads, std::int64_t head_dim);

/// What a tensor lost.
struct TensorReport {
  std::string name;
  graph::Shape shape;
  graph::DType dtype = graph::DType::f32;
  std::uint64_t bytes = 0;     // as written, factors included
  double relative_rms = 0;     // root of mean squared error over that of the values; 0 where those are 0
  double largest_error = 0;    // absolute
};

struct ConversionOptions {
  /// Data of one shard. A larger tensor gets a shard of its own.
  std::uint64_t max_shard_bytes = std::uint64_t{2} << 30;
  /// Rows that are read at once, as f32; at least one row is.
  std::uint64_t chunk_bytes = std::uint64_t{64} << 20;
  int threads = 1;
  /// Says what the tensors come from (paths, sizes, times, settings): an interrupted conversion goes on only if this
  /// and the list of tensors are the same.
  std::string identity;
  /// Goes into every shard.
  Metadata metadata;
  /// Called after each tensor, and for each that an earlier run has written already.
  std::function<void(const TensorReport& report, std::size_t done, std::size_t total)> progress;
};

/// Bytes that `tensors` take as they will be written. Throws std::invalid_argument for a dtype and shape that do not go
/// together.
std::uint64_t converted_bytes(std::span<const ConversionTensor> tensors);

/// Writes `tensors` into `folder` (made if it is missing) as model.safetensors or, above max_shard_bytes, as shards
/// with an index, in the order given. Reports come in the same order.
///
/// Every shard appears under its name when it is complete, and the index (or the single file) last, so that the folder
/// holds either a whole checkpoint or none. A journal, conversion.journal.json, lets another call with the same
/// tensors and identity go on after the last complete shard; a journal of other work is thrown away with its shards.
///
/// Throws std::invalid_argument for tensors that cannot be written or chunks with values that are not finite (naming the
/// tensor), IoError: EEXIST when the folder has a checkpoint already, ENOSPC before anything is written when the disk
/// is too small, and whatever writing meets.
std::vector<TensorReport> convert_tensors(const std::filesystem::path& folder,
                                          std::span<const ConversionTensor> tensors, const ConversionOptions& options);

}  // namespace lacuna::weights
