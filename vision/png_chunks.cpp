#include "vision/png_chunks.h"

#include "vision/image_error.h"

namespace lacuna::vision {

void throw_malformed_png(const std::string& name, const std::string& reason) {
  throw ImageError(ImageError::Kind::malformed, name, reason);
}

std::string printable_type(std::string_view type) {
  std::string out;
  for (const char c : type) out += c > 32 && c < 127 ? c : '?';
  return out;
}

std::vector<PngChunk> read_png_chunks(Bytes file, const std::string& name) {
  std::vector<PngChunk> chunks;
  std::size_t at = kPngSignature.size();
  while (true) {
    if (file.size() - at < 12) {
      throw_malformed_png(name, "truncated PNG: the file ends after " +
                                    std::to_string(file.size()) +
                                    " bytes without its IEND chunk; copy or download it again");
    }
    const std::uint32_t length = read_be32(file, at);
    const auto* type = reinterpret_cast<const char*>(file.data() + at + 4);
    const PngChunk chunk{std::string_view(type, 4), {}};
    if (length > 0x7fffffffu || length > file.size() - at - 12) {
      throw_malformed_png(name, "truncated PNG: chunk " + printable_type(chunk.type) + " at byte " +
                                    std::to_string(at) + " says " + std::to_string(length) +
                                    " bytes, more than the file has; copy or download it again");
    }
    const Bytes data = file.subspan(at + 8, length);
    const uLong crc = crc32(0, file.data() + at + 4, length + 4);
    if (std::uint32_t(crc) != read_be32(file, at + 8 + length)) {
      throw_malformed_png(name, "damaged PNG: wrong checksum in chunk " +
                                    printable_type(chunk.type) + " at byte " + std::to_string(at) +
                                    "; copy or download it again");
    }
    chunks.push_back({chunk.type, data});
    if (chunk.type == "IEND") return chunks;
    at += 12 + std::size_t(length);
  }
}

void append_png_chunk(std::vector<std::uint8_t>& out, std::string_view type, Bytes data) {
  append_be32(out, std::uint32_t(data.size()));
  out.insert(out.end(), type.begin(), type.end());
  out.insert(out.end(), data.begin(), data.end());
  const std::size_t covered = data.size() + 4;
  append_be32(out, std::uint32_t(crc32(0, out.data() + out.size() - covered, uInt(covered))));
}

}  // namespace lacuna::vision
