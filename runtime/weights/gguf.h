#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fusion/graph/shape.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::weights {

/// How a tensor of a GGUF file is stored. The numbers are those of the format.
enum class GgufType : std::uint32_t { f32 = 0, f16 = 1, q4_0 = 2, q8_0 = 8, q4_k = 12, q6_k = 14, bf16 = 30 };
/// "F32", "Q4_K", ...
std::string_view name_of(GgufType type);

/// A list in a GGUF file's metadata. Numbers are widened; strings point into the file.
using GgufArray = std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string_view>>;
/// A value of a GGUF file's metadata. Unsigned 64-bit numbers above 2^63 - 1 are refused.
using GgufValue = std::variant<bool, std::int64_t, double, std::string_view, GgufArray>;

/// Where one tensor lies in a GGUF file. The shape is row-major, as everywhere here (GGUF counts axes the other
/// way round).
struct GgufTensor {
  std::string_view name;
  GgufType type = GgufType::f32;
  graph::Shape shape;
  /// From the start of the file.
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct GgufHeader {
  std::uint32_t version = 0;
  std::vector<std::pair<std::string_view, GgufValue>> values;
  std::vector<GgufTensor> tensors;
};

/// What the GGUF reader accepts at most.
struct GgufLimits {
  std::uint64_t max_values = 10'000;
  std::uint64_t max_tensors = 100'000;
  /// Elements of one list: a vocabulary or its merges.
  std::uint64_t max_array = 2'000'000;
  std::uint64_t max_string_bytes = std::uint64_t{16} << 20;
};

/// Reads and checks a whole GGUF file held in memory; the result points into `file`. Accepts versions 2 and 3, little
/// endian. Every count and size is checked against the limits and the bytes that are left before it is used; keys
/// and tensor names are printable, at most 256 bytes, and come once; lists hold no lists; general.alignment is a power
/// of two up to 64 KiB; tensors have one to four axes of at least 1 and a type of GgufType, lie one after another
/// with no hole but the padding, and end with the file. `path` is for messages. Throws CheckpointError.
GgufHeader parse_gguf(std::span<const std::byte> file, const std::filesystem::path& path,
                      const GgufLimits& limits = {});

/// A GGUF file mapped into memory.
class GgufFile {
 public:
  /// Throws IoError when the file cannot be opened, CheckpointError when it is broken.
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const GgufHeader& header() const { return header_; }

  /// The metadata value, or nullptr.
  const GgufValue* find(std::string_view key) const;
  /// The value of a key that has to be there. Throw CheckpointError naming the key when it is missing or of another
  /// type; `integer` also when it lies outside [low, high].
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high) const;
  double number(std::string_view key) const;
  std::string_view text(std::string_view key) const;
  const std::vector<std::string_view>& texts(std::string_view key) const;
  const std::vector<std::int64_t>& integers(std::string_view key) const;
  std::optional<std::int64_t> integer_if(std::string_view key, std::int64_t low, std::int64_t high) const;

  /// The tensor, or nullptr.
  const GgufTensor* tensor(std::string_view name) const;
  /// Rows [begin, begin + rows) along axis 0 as f32. `out` has room for them.
  void read_rows(const GgufTensor& tensor, std::int64_t begin, std::int64_t rows, float* out) const;
  /// Lets the system take back the memory that reading rows has mapped; they can be read again.
  void release(const GgufTensor& tensor) const { file_.release_pages(tensor.offset, tensor.size); }

 private:
  [[noreturn]] void wrong_type(std::string_view key, const char* expected) const;

  std::filesystem::path path_;
  MappedFile file_;
  GgufHeader header_;
  std::vector<std::pair<std::string_view, std::size_t>> by_name_;  // sorted
};

/// Rows of `row_elements` elements stored as `type` at `bytes`, as f32. `row_elements` is a multiple of the type's block.
void dequantize_gguf(GgufType type, const std::byte* bytes, std::int64_t rows, std::int64_t row_elements, float* out);

/// Elements and bytes of a block of `type`.
struct GgufBlock {
  std::uint64_t elements = 1;
  std::uint64_t bytes = 0;
};
GgufBlock block_of(GgufType type);

}  // namespace lacuna::weights
