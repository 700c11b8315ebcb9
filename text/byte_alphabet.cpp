#include "text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "runtime/weights/utf8.h"

namespace lacuna::text {
namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

constexpr std::array<std::uint16_t, 256> kCodePoints = [] {
  std::array<std::uint16_t, 256> table{};
  std::uint16_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    table[static_cast<std::size_t>(byte)] = stands_for_itself(byte) ? static_cast<std::uint16_t>(byte) : next++;
  }
  return table;
}();
constexpr std::size_t kEnd = 256 + 68;  // 68 bytes do not stand for themselves

/// Byte of each code point, -1 for none.
constexpr std::array<std::int16_t, kEnd> kBytes = [] {
  std::array<std::int16_t, kEnd> table{};
  table.fill(-1);
  for (std::size_t byte = 0; byte < 256; ++byte) table[kCodePoints[byte]] = static_cast<std::int16_t>(byte);
  return table;
}();

/// All characters are one or two bytes of UTF-8.
constexpr std::array<std::array<char, 2>, 256> kSpelling = [] {
  std::array<std::array<char, 2>, 256> table{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::uint16_t point = kCodePoints[byte];
    if (point < 0x80) {
      table[byte] = {static_cast<char>(point), 0};
    } else {
      table[byte] = {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))};
    }
  }
  return table;
}();

}  // namespace

std::string_view character_of(unsigned char byte) {
  return {kSpelling[byte].data(), kCodePoints[byte] < 0x80 ? std::size_t{1} : std::size_t{2}};
}

std::optional<std::string> bytes_of(std::string_view piece) {
  std::string bytes;
  for (std::size_t i = 0; i < piece.size();) {
    const auto first = static_cast<unsigned char>(piece[i]);
    std::size_t point = first, length = 1;
    if (first >= 0x80) {
      if ((first & 0xE0) != 0xC0 || i + 1 >= piece.size()) return std::nullopt;
      point = (first & 0x1Fu) << 6 | (static_cast<unsigned char>(piece[i + 1]) & 0x3Fu);
      length = 2;
    }
    if (point >= kEnd || kBytes[point] < 0) return std::nullopt;
    bytes += static_cast<char>(kBytes[point]);
    i += length;
  }
  return bytes;
}

std::string spelt(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += character_of(static_cast<unsigned char>(byte));
  return out;
}

std::string lossy_utf8(std::string_view bytes) {
  std::string out;
  while (true) {
    const std::size_t bad = weights::find_invalid_utf8(bytes);
    if (bad == std::string_view::npos) return out += bytes;
    out += bytes.substr(0, bad);
    out += "\xEF\xBF\xBD";
    // The longest start of a well-formed character that begins here counts as one error.
    std::size_t length = 1;
    const auto first = static_cast<unsigned char>(bytes[bad]);
    const std::size_t wanted = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 && first < 0xF0 ? 3 : 1;
    while (length < wanted && bad + length < bytes.size()) {
      const auto next = static_cast<unsigned char>(bytes[bad + length]);
      unsigned char low = 0x80, high = 0xBF;
      if (length == 1) {
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
      }
      if (next < low || next > high) break;
      ++length;
    }
    bytes.remove_prefix(bad + length);
  }
}

}  // namespace lacuna::text
