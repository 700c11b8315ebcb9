#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"

namespace lacuna::weights {

/// What a checkpoint says about one of its tensors.
struct StoredTensor {
  graph::Shape shape;
  /// How it is stored, for messages and reports: "bf16", "i8 rows", "Q4_K", ...
  std::string stored_as;
  /// The dtype of this project that keeps it best without growing it: bf16 for bf16, q8_0 for Q8_0 and Q6_K, q4_1 for
  /// Q4_K, ...
  graph::DType nearest = graph::DType::f32;
};

/// A checkpoint of any format, read by rows. Immutable; safe to read from several threads.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  /// Sorted.
  virtual std::vector<std::string> names() const = 0;
  virtual std::optional<StoredTensor> find(std::string_view name) const = 0;
  /// Rows [begin, begin + rows) along axis 0 as f32, row-major (a scalar has one row). Reads that many from the file and
  /// no more. Throws std::invalid_argument for a name or rows that do not exist.
  virtual void read_rows(std::string_view name, std::int64_t begin, std::int64_t rows, float* out) const = 0;
  /// The tensor will not be read again soon: memory that maps it may go.
  virtual void release(std::string_view name) const = 0;
  /// For messages.
  virtual const std::filesystem::path& path() const = 0;
};

/// Opens a GGUF file (by its first bytes), or anything that Checkpoint::open takes.
/// Throws IoError and CheckpointError.
std::unique_ptr<TensorSource> open_tensor_source(const std::filesystem::path& path);

class GgufFile;
class Checkpoint;
/// The same for files that are open already. They are shared.
std::unique_ptr<TensorSource> tensor_source_of(std::shared_ptr<const GgufFile> file);
std::unique_ptr<TensorSource> tensor_source_of(std::shared_ptr<const Checkpoint> checkpoint);

/// True for a file that begins as GGUF files do. Throws nothing: what cannot be read is none.
bool is_gguf(const std::filesystem::path& path);

}  // namespace lacuna::weights
