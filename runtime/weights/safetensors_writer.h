#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/safetensors.h"

namespace lacuna::weights {

/// Name and type of a tensor that is going to be written.
struct TensorSpec {
  std::string name;
  graph::DType dtype = graph::DType::f32;
  graph::Shape shape;
};

/// Writes a safetensors file tensor by tensor, so that no second copy of the weights is needed. The
/// header is padded with spaces to a multiple of 8 bytes. The file appears under its name only at
/// `finish` (see AtomicFile).
class SafetensorsWriter {
 public:
  /// Writes the header. Data lies in the order of `tensors`; list wide dtypes first to keep them
  /// all aligned. Throws std::invalid_argument for a name that a reader would refuse (empty, over
  /// 512 bytes, control characters, not UTF-8, twice, "__metadata__"), too many tensors or a header
  /// over the limit; IoError for the file.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorSpec> tensors,
                    const Metadata& metadata = {});

  /// Appends row-major little-endian data of the tensors in order; a tensor may come in pieces, but
  /// a piece may not reach into the next tensor. Throws std::invalid_argument for too much data,
  /// IoError for the file.
  void write(std::span<const std::byte> bytes);

  /// Throws std::invalid_argument when data is missing, IoError for the file.
  void finish();

 private:
  void skip_complete();

  std::vector<TensorSpec> tensors_;
  std::vector<std::uint64_t> sizes_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  // of the current tensor
  AtomicFile file_;
};

}  // namespace lacuna::weights
