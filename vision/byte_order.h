#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Reading and writing integers of file formats. Callers check the bounds.
namespace lacuna::vision {

using Bytes = std::span<const std::uint8_t>;

inline std::uint32_t read_be16(Bytes bytes, std::size_t at) {
  return std::uint32_t(bytes[at]) << 8 | bytes[at + 1];
}
inline std::uint32_t read_be32(Bytes bytes, std::size_t at) {
  return read_be16(bytes, at) << 16 | read_be16(bytes, at + 2);
}
inline std::uint32_t read_le16(Bytes bytes, std::size_t at) {
  return std::uint32_t(bytes[at + 1]) << 8 | bytes[at];
}
inline std::uint32_t read_le32(Bytes bytes, std::size_t at) {
  return read_le16(bytes, at + 2) << 16 | read_le16(bytes, at);
}

inline void append_be32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(std::uint8_t(value >> shift));
}

}  // namespace lacuna::vision
