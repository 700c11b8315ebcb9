#include "tests/cli/pictures.h"

#include <algorithm>

namespace lacuna::test {
namespace {

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= std::uint8_t(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

std::uint32_t adler32(const std::string& bytes) {
  std::uint32_t a = 1, b = 0;
  for (const char c : bytes) {
    a = (a + std::uint8_t(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

std::string big_endian(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

std::string chunk(const std::string& type, const std::string& data) {
  return big_endian(std::uint32_t(data.size())) + type + data + big_endian(crc32(type + data));
}

std::string png_start(std::uint32_t width, std::uint32_t height, char depth, char colour) {
  return std::string("\x89PNG\r\n\x1A\n") + chunk("IHDR", big_endian(width) + big_endian(height) +
                                                              std::string{depth, colour, 0, 0, 0});
}

/// zlib's container with one stored block.
std::string stored(const std::string& data) {
  const auto size = std::uint16_t(data.size());
  return std::string("\x78\x01\x01", 3) +
         std::string{char(size), char(size >> 8), char(~size), char(~size >> 8)} + data +
         big_endian(adler32(data));
}

}  // namespace

vision::Image8 sample_picture(vision::Size size, int channels) {
  vision::Image8 picture(size, channels);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      std::uint8_t* pixel = picture.pixel(y, x);
      pixel[0] = std::uint8_t(x * 255 / size.width);
      pixel[1] = std::uint8_t(y * 255 / size.height);
      pixel[2] = std::uint8_t((x * 7 + y * 13) % 256);
      if (channels == 4) pixel[3] = (x + y) % 5 == 0 ? 100 : 255;
    }
  }
  return picture;
}

vision::Image8 column_mask(vision::Size size, int left, int right) {
  vision::Image8 mask(size, 3);
  for (int y = 0; y < size.height; ++y) {
    for (int x = left; x < right; ++x) std::fill_n(mask.pixel(y, x), 3, std::uint8_t{255});
  }
  return mask;
}

std::string png_claiming(std::uint32_t width, std::uint32_t height) {
  return png_start(width, height, 8, 2) + chunk("IDAT", stored("x")) + chunk("IEND", "");
}

std::string png_of_16_bits() {
  const std::string rows("\0\x12\x34\xFF\xFF\0\0\0\x80\0", 10);
  return png_start(2, 2, 16, 0) + chunk("IDAT", stored(rows)) + chunk("IEND", "");
}

std::string jpeg_cmyk() {
  std::string frame("\xFF\xC0\x00\x14\x08\x00\x08\x00\x08\x04", 10);
  for (char component = 1; component <= 4; ++component) frame += std::string{component, 0x11, 0};
  std::string scan("\xFF\xDA\x00\x0E\x04", 5);
  for (char component = 1; component <= 4; ++component) scan += std::string{component, 0};
  scan += std::string("\x00\x3F\x00\x00\xFF\xD9", 6);
  return std::string("\xFF\xD8", 2) + frame + scan;
}

}  // namespace lacuna::test
