#include "vision/stored_png.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "vision/byte_order.h"
#include "vision/image_limits.h"

namespace lacuna::vision {

namespace {

/// The CRC-32 of ISO 3309, as PNG wants it.
std::uint32_t crc32_of(Bytes bytes) {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
      table[n] = c;
    }
    return table;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const std::uint8_t byte : bytes) crc = kTable[(crc ^ byte) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t adler32_of(Bytes bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_chunk(std::vector<std::uint8_t>& out, std::string_view type, Bytes data) {
  append_be32(out, std::uint32_t(data.size()));
  const std::size_t start = out.size();
  out.insert(out.end(), type.begin(), type.end());
  out.insert(out.end(), data.begin(), data.end());
  append_be32(out, crc32_of(Bytes(out).subspan(start)));
}

/// A zlib stream of stored blocks of at most 65,535 bytes.
std::vector<std::uint8_t> store(Bytes data) {
  constexpr std::size_t kBlock = 65'535;
  std::vector<std::uint8_t> out = {0x78, 0x01};
  out.reserve(data.size() + (data.size() / kBlock + 1) * 5 + 6);
  for (std::size_t at = 0; at < data.size(); at += kBlock) {
    const std::size_t length = std::min(kBlock, data.size() - at);
    const bool last = at + length == data.size();
    const auto low = std::uint8_t(length & 0xff);
    const auto high = std::uint8_t(length >> 8);
    out.insert(out.end(),
               {std::uint8_t(last ? 1 : 0), low, high, std::uint8_t(~low), std::uint8_t(~high)});
    const Bytes block = data.subspan(at, length);
    out.insert(out.end(), block.begin(), block.end());
  }
  append_be32(out, adler32_of(data));
  return out;
}

}  // namespace

std::vector<std::uint8_t> encode_stored_png(const Image8& image) {
  const std::int64_t pixels = std::int64_t(image.height()) * image.width();
  if (pixels < 1 || pixels > ImageLimits::kPixelCeiling) {
    throw std::invalid_argument("[encode_stored_png] expected 1 to 2^27 pixels, got " +
                                to_string(image.size()));
  }
  std::vector<std::uint8_t> header;
  append_be32(header, std::uint32_t(image.width()));
  append_be32(header, std::uint32_t(image.height()));
  header.insert(header.end(), {8, std::uint8_t(image.has_alpha() ? 6 : 2), 0, 0, 0});

  const std::size_t row = std::size_t(image.width()) * std::size_t(image.channels());
  std::vector<std::uint8_t> rows;
  rows.reserve((row + 1) * std::size_t(image.height()));
  for (int y = 0; y < image.height(); ++y) {
    rows.push_back(0);  // the row is not filtered
    rows.insert(rows.end(), image.pixel(y, 0), image.pixel(y, 0) + row);
  }

  std::vector<std::uint8_t> out = {137, 80, 78, 71, 13, 10, 26, 10};
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", store(rows));
  append_chunk(out, "IEND", {});
  return out;
}

}  // namespace lacuna::vision
