#include "runtime/weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/json.h"
#include "runtime/weights/safetensors_dtype.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kMetadataKey = "__metadata__";

/// One tensor's entry before its position is trusted.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> file, const std::filesystem::path& path,
               const SafetensorsLimits& limits)
      : file_(file), path_(path), limits_(limits) {}

  SafetensorsHeader read() {
    const Json header = parse_json();
    SafetensorsHeader out;
    if (header.size() > limits_.max_tensors + 1) {
      fail(kLengthBytes, "at most " + std::to_string(limits_.max_tensors) + " tensors are allowed");
    }
    for (const JsonMember& member : header.as_object()) {
      if (member.key == kMetadataKey) {
        read_metadata(member.value, out.metadata);
      } else {
        out.entries.push_back(read_entry(member.key, member.value));
      }
    }
    if (out.entries.size() > limits_.max_tensors) {
      fail(kLengthBytes, "at most " + std::to_string(limits_.max_tensors) + " tensors are allowed");
    }
    check_layout(out.entries);
    return out;
  }

 private:
  [[noreturn]] void fail(std::uint64_t offset, const std::string& message) const {
    throw CheckpointError(path_, offset, message);
  }
  [[noreturn]] void fail_tensor(std::string_view name, const std::string& message) const {
    fail(kLengthBytes, "tensor " + in_quotes(name, limits_.max_name_bytes) + ": " + message);
  }

  Json parse_json() {
    if (file_.size() < kLengthBytes) {
      fail(0, "not a safetensors file: expected at least 8 bytes, got " +
                  std::to_string(file_.size()));
    }
    std::uint64_t length = 0;
    for (std::size_t i = kLengthBytes; i-- > 0;) {
      length = (length << 8) | std::to_integer<std::uint64_t>(file_[i]);
    }
    if (length > limits_.max_header_bytes) {
      fail(0, "header length " + std::to_string(length) + " exceeds the limit of " +
                  std::to_string(limits_.max_header_bytes) + " bytes; is this a safetensors file?");
    }
    if (length > file_.size() - kLengthBytes) {
      fail(0, "header length " + std::to_string(length) + " exceeds the file's " +
                  std::to_string(file_.size()) + " bytes; the file is truncated");
    }
    data_begin_ = kLengthBytes + length;
    const auto bytes = file_.subspan(kLengthBytes, static_cast<std::size_t>(length));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!text.starts_with('{')) fail(kLengthBytes, "expected a header that starts with '{'");
    JsonLimits limits;
    limits.max_bytes = limits_.max_header_bytes;
    limits.max_depth = 4;
    // Name, dtype, shape, up to 8 sizes, two offsets and their arrays for each tensor, then
    // metadata.
    limits.max_values = limits_.max_tensors * 16 + 100'000;
    try {
      return Json::parse(text, limits);
    } catch (const JsonError& error) {
      fail(kLengthBytes + error.byte_offset(), std::string("broken header: ") + error.what());
    }
  }

  void read_metadata(const Json& value, Metadata& out) const {
    if (!value.is_object()) {
      fail(kLengthBytes, "__metadata__: expected an object, got " + value.describe());
    }
    for (const JsonMember& member : value.as_object()) {
      if (!member.value.is_string()) {
        fail(kLengthBytes, "__metadata__: key " + in_quotes(member.key) +
                               ": expected a string, got " + member.value.describe());
      }
      out.emplace_back(member.key, member.value.as_string());
    }
  }

  void check_name(std::string_view name) const {
    if (name.empty() || name.size() > limits_.max_name_bytes) {
      fail_tensor(name, "expected a name of 1 to " + std::to_string(limits_.max_name_bytes) +
                            " bytes, got " + std::to_string(name.size()));
    }
    for (const char c : name) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        fail_tensor(name, "expected a name without control characters");
      }
    }
  }

  SafetensorsEntry read_entry(const std::string& name, const Json& value) const {
    check_name(name);
    if (!value.is_object()) fail_tensor(name, "expected an object, got " + value.describe());
    const Json *dtype = nullptr, *shape = nullptr, *offsets = nullptr;
    for (const JsonMember& member : value.as_object()) {
      if (member.key == "dtype") {
        dtype = &member.value;
      } else if (member.key == "shape") {
        shape = &member.value;
      } else if (member.key == "data_offsets") {
        offsets = &member.value;
      } else {
        fail_tensor(name, "unknown key " + in_quotes(member.key));
      }
    }
    if (dtype == nullptr || shape == nullptr || offsets == nullptr) {
      fail_tensor(name, "expected the keys dtype, shape and data_offsets");
    }
    SafetensorsEntry entry;
    entry.name = name;
    entry.dtype = read_dtype(name, *dtype);
    const std::vector<std::int64_t> sizes = read_sizes(name, *shape);
    const Range range = read_range(name, *offsets);
    std::uint64_t expected = 0;
    try {
      expected = checked_nbytes(entry.dtype, sizes);
      entry.shape = graph::Shape(sizes);
    } catch (const std::invalid_argument& error) {
      fail_tensor(name, error.what());
    }
    entry.offset = data_begin_ + range.begin;
    entry.size = range.end - range.begin;
    if (entry.size != expected) {
      fail(entry.offset, "tensor " + in_quotes(name, limits_.max_name_bytes) + ": " +
                             std::string(safetensors_name(entry.dtype)) + entry.shape.to_string() +
                             " needs " + std::to_string(expected) + " bytes, data_offsets span " +
                             std::to_string(entry.size));
    }
    return entry;
  }

  graph::DType read_dtype(std::string_view name, const Json& value) const {
    std::optional<graph::DType> dtype;
    if (value.is_string()) dtype = dtype_from_safetensors(value.as_string());
    if (!dtype) {
      std::string known;
      for (const SafetensorsDType& row : kSafetensorsDTypes) {
        known += (known.empty() ? "" : ", ") + std::string(row.name);
      }
      fail_tensor(name, "dtype: expected one of " + known + ", got " + value.describe());
    }
    return *dtype;
  }

  std::vector<std::int64_t> read_sizes(std::string_view name, const Json& value) const {
    if (!value.is_array() || value.size() > std::size_t{graph::Shape::kMaxRank}) {
      fail_tensor(name, "shape: expected an array of at most " +
                            std::to_string(graph::Shape::kMaxRank) + " sizes, got " +
                            value.describe());
    }
    std::vector<std::int64_t> sizes;
    for (const Json& size : value.as_array()) {
      if (!size.is_integer() || size.as_integer() < 0) {
        fail_tensor(name, "shape: expected sizes of 0 or more, got " + size.describe());
      }
      sizes.push_back(size.as_integer());
    }
    return sizes;
  }

  Range read_range(std::string_view name, const Json& value) const {
    if (!value.is_array() || value.size() != 2) {
      fail_tensor(name, "data_offsets: expected [begin, end], got " + value.describe());
    }
    const Json &begin = value.as_array()[0], &end = value.as_array()[1];
    const std::uint64_t available = file_.size() - data_begin_;
    if (!begin.is_integer() || !end.is_integer() || begin.as_integer() < 0 ||
        end.as_integer() < begin.as_integer()) {
      fail_tensor(name, "data_offsets: expected 0 <= begin <= end, got [" + begin.describe() +
                            ", " + end.describe() + "]");
    }
    const Range range{static_cast<std::uint64_t>(begin.as_integer()),
                      static_cast<std::uint64_t>(end.as_integer())};
    if (range.end > available) {
      fail_tensor(name, "data_offsets: end " + std::to_string(range.end) + " exceeds the file's " +
                            std::to_string(available) + " bytes of data; the file is truncated");
    }
    return range;
  }

  void check_layout(std::vector<SafetensorsEntry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return std::tie(a.offset, a.size, a.name) < std::tie(b.offset, b.size, b.name);
    });
    std::uint64_t at = data_begin_;
    for (const SafetensorsEntry& entry : entries) {
      if (entry.offset != at) {
        fail(entry.offset,
             "tensor " + in_quotes(entry.name, limits_.max_name_bytes) +
                 (entry.offset < at ? " overlaps the one before it" : " leaves a hole before it") +
                 ": expected its data at byte " + std::to_string(at));
      }
      at += entry.size;  // read_range bounds every end by the file's size
    }
    if (at != file_.size()) {
      fail(at, "expected the end of the file after the last tensor, got " +
                   std::to_string(file_.size() - at) + " more bytes");
    }
  }

  std::span<const std::byte> file_;
  const std::filesystem::path& path_;
  const SafetensorsLimits& limits_;
  std::uint64_t data_begin_ = 0;
};

}  // namespace

std::uint64_t checked_nbytes(graph::DType dtype, std::span<const std::int64_t> sizes) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bool empty = false;
  std::uint64_t bytes = graph::size_of(dtype);
  for (const std::int64_t size : sizes) {
    if (size < 0) {
      throw std::invalid_argument("[checked_nbytes] expected sizes of 0 or more, got " +
                                  std::to_string(size));
    }
    if (size == 0) {
      empty = true;
      continue;
    }
    const auto factor = static_cast<std::uint64_t>(size);
    if (bytes > kMax / factor) {
      throw std::invalid_argument("[checked_nbytes] expected fewer than 2^63 bytes in a tensor");
    }
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

SafetensorsHeader parse_safetensors(std::span<const std::byte> file,
                                    const std::filesystem::path& path,
                                    const SafetensorsLimits& limits) {
  return HeaderReader(file, path, limits).read();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path, const SafetensorsLimits& limits)
    : path_(path), file_(path), header_(parse_safetensors(file_.bytes(), path, limits)) {}

std::span<const std::byte> SafetensorsFile::bytes(const SafetensorsEntry& entry) const {
  const std::span<const std::byte> all = file_.bytes();
  if (entry.offset > all.size() || entry.size > all.size() - entry.offset) {
    throw std::invalid_argument("[SafetensorsFile::bytes] expected an entry of " + path_.string() +
                                ", got " + in_quotes(entry.name));
  }
  return all.subspan(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(entry.size));
}

void SafetensorsFile::release_pages(std::span<const std::byte> part) const noexcept {
  const std::span<const std::byte> all = file_.bytes();
  const std::less<> before;
  if (before(part.data(), all.data()) || !before(part.data(), all.data() + all.size())) return;
  file_.release_pages(static_cast<std::uint64_t>(part.data() - all.data()), part.size());
}

}  // namespace lacuna::weights
