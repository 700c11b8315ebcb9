// Any bytes as a safetensors file: either refused with CheckpointError or a table of contents that
// covers the file. The bytes are tried as they are, and as a header for which a length and data are
// made up, so that mutations reach past the length check.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/safetensors.h"

namespace {

using lacuna::weights::SafetensorsEntry;
using lacuna::weights::SafetensorsHeader;

void require(bool condition) {
  if (!condition) std::abort();
}

/// The promises of parse_safetensors about a file that it accepted.
void check(const SafetensorsHeader& header, std::size_t file_size) {
  std::set<std::string> names;
  std::uint64_t at = header.entries.empty() ? 0 : header.entries.front().offset;
  require(at <= file_size);
  for (const SafetensorsEntry& entry : header.entries) {
    require(names.insert(entry.name).second);
    require(!entry.name.empty() && entry.name.size() <= 512);
    require(entry.shape.rank() <= lacuna::graph::Shape::kMaxRank);
    require(entry.offset == at);
    require(entry.size <= file_size - at);
    const auto elements = static_cast<std::uint64_t>(entry.shape.elements());
    require(elements * lacuna::graph::size_of(entry.dtype) == entry.size);
    at += entry.size;
  }
  require(header.entries.empty() || at == file_size);
}

void parse(const std::string& file) {
  try {
    check(lacuna::weights::parse_safetensors(std::as_bytes(std::span(file)), "fuzz"), file.size());
  } catch (const lacuna::weights::CheckpointError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  parse(bytes);
  if (size < 1) return 0;
  const std::uint64_t length = size - 1;
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  file.append(bytes, 1);
  file.append(data[0], '\0');
  parse(file);
  return 0;
}
