#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::weights {

/// Key and value strings of a safetensors `__metadata__`, in file order.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What the safetensors reader accepts at most.
struct SafetensorsLimits {
  std::size_t max_header_bytes = std::size_t{16} << 20;
  std::size_t max_tensors = 100'000;
  std::size_t max_name_bytes = 512;
};

/// Bytes of a dense tensor. Throws std::invalid_argument when the number of elements or of bytes
/// does not fit in 63 bits, also where another axis of size 0 would hide that.
std::uint64_t checked_nbytes(graph::DType dtype, std::span<const std::int64_t> sizes);

/// Where one tensor lies in a safetensors file.
struct SafetensorsEntry {
  std::string name;
  graph::DType dtype = graph::DType::f32;
  graph::Shape shape;
  /// From the start of the file.
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// The table of contents of a safetensors file: entries in the order of their data.
struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  Metadata metadata;
};

/// Reads and checks the header of a whole safetensors file held in memory. Accepts exactly: an
/// 8-byte little-endian header length within the limit and the file; one UTF-8 JSON object that
/// starts with '{', without duplicate keys; optional `__metadata__` with string values only; per
/// tensor exactly dtype (known), shape (at most 8 non-negative integers) and data_offsets; data
/// that, sorted by offset, starts at 0, has no hole and no overlap and ends at the end of the file;
/// and ranges as long as dtype and shape say. Names have at most 512 printable bytes. `path` is for
/// messages. Throws CheckpointError.
SafetensorsHeader parse_safetensors(std::span<const std::byte> file,
                                    const std::filesystem::path& path,
                                    const SafetensorsLimits& limits = {});

/// A safetensors file mapped into memory.
class SafetensorsFile {
 public:
  /// Throws IoError when the file cannot be opened, CheckpointError when it is broken.
  explicit SafetensorsFile(const std::filesystem::path& path, const SafetensorsLimits& limits = {});

  const std::filesystem::path& path() const { return path_; }
  const SafetensorsHeader& header() const { return header_; }
  /// Data of one of this file's entries. Not necessarily aligned for its dtype.
  std::span<const std::byte> bytes(const SafetensorsEntry& entry) const;
  /// MappedFile::release_pages for `part`, if it is a part of this file.
  void release_pages(std::span<const std::byte> part) const noexcept;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsHeader header_;
};

}  // namespace lacuna::weights
