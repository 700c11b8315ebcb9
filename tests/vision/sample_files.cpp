#include "tests/vision/sample_files.h"

#include <zlib.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lacuna::vision::testing {

Image8 random_picture(Size size, int channels, std::uint32_t seed) {
  std::mt19937 engine(seed);
  Image8 out(size, channels);
  for (std::uint8_t& byte : out.bytes()) byte = std::uint8_t(engine() >> 24);
  return out;
}

Image8 gradient_picture(Size size, int channels) {
  Image8 out(size, channels, 255);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      std::uint8_t* pixel = out.pixel(y, x);
      pixel[0] = std::uint8_t(255 * x / std::max(1, size.width - 1));
      pixel[1] = std::uint8_t(255 * y / std::max(1, size.height - 1));
      pixel[2] = std::uint8_t(255 - (pixel[0] + pixel[1]) / 2);
    }
  }
  return out;
}

Image random_image(Size size, std::uint32_t seed) {
  std::mt19937 engine(seed);
  Image out(size);
  for (float& value : out.pixels()) value = float(engine() >> 8) * 0x1p-24f;
  return out;
}

PixelMask random_mask(Size size, double density, std::uint32_t seed) {
  std::mt19937 engine(seed);
  PixelMask out(size);
  if (seed % 2 == 0) {
    for (std::uint8_t& cell : out.cells()) cell = double(engine()) * 0x1p-32 < density ? 1 : 0;
    return out;
  }
  for (int i = 0; i < 3; ++i) {
    const int top = int(engine() % std::uint32_t(size.height));
    const int left = int(engine() % std::uint32_t(size.width));
    const int bottom = top + int(engine() % std::uint32_t(size.height - top));
    const int right = left + int(engine() % std::uint32_t(size.width - left));
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) out.at(y, x) = 1;
    }
  }
  return out;
}

void append_chunk(File& file, std::string_view type, const File& data) {
  append_be32(file, std::uint32_t(data.size()));
  File covered(type.begin(), type.end());
  covered.insert(covered.end(), data.begin(), data.end());
  file.insert(file.end(), covered.begin(), covered.end());
  append_be32(file, std::uint32_t(crc32(0, covered.data(), uInt(covered.size()))));
}

File zlib_packed(const File& data) {
  uLongf size = compressBound(data.size());
  File out(size);
  if (compress2(out.data(), &size, data.data(), data.size(), 9) != Z_OK) {
    throw std::runtime_error("compress2");
  }
  out.resize(size);
  return out;
}

File ihdr(std::uint32_t width, std::uint32_t height, int depth, int colour_type, int interlace) {
  File data;
  append_be32(data, width);
  append_be32(data, height);
  data.insert(data.end(),
              {std::uint8_t(depth), std::uint8_t(colour_type), 0, 0, std::uint8_t(interlace)});
  return data;
}

File png_of(const File& header, const File& between, const File& idat) {
  File file = {137, 80, 78, 71, 13, 10, 26, 10};
  append_chunk(file, "IHDR", header);
  file.insert(file.end(), between.begin(), between.end());
  // Two IDAT chunks: readers have to join them.
  const auto middle = idat.begin() + std::ptrdiff_t(idat.size() / 2);
  append_chunk(file, "IDAT", File(idat.begin(), middle));
  append_chunk(file, "IDAT", File(middle, idat.end()));
  append_chunk(file, "IEND", {});
  return file;
}

File golden(const std::string& name) {
  std::ifstream in(std::string(LACUNA_SOURCE_DIR) + "/tests/golden/vision/" + name,
                   std::ios::binary);
  File out{std::istreambuf_iterator<char>(in), {}};
  if (out.empty()) throw std::runtime_error("no golden file " + name);
  return out;
}

File with_exif(const File& jpeg, int orientation, bool big_endian) {
  File tiff;
  const auto u16 = [&](int value) {
    const auto high = std::uint8_t(value >> 8);
    const auto low = std::uint8_t(value);
    tiff.push_back(big_endian ? high : low);
    tiff.push_back(big_endian ? low : high);
  };
  const auto u32 = [&](int value) {
    if (big_endian) {
      u16(value >> 16);
      u16(value & 0xffff);
    } else {
      u16(value & 0xffff);
      u16(value >> 16);
    }
  };
  tiff.assign(2, big_endian ? 'M' : 'I');
  u16(42);
  u32(8);
  u16(2);
  u16(0x0100), u16(4), u32(1), u32(77);  // another tag in front
  u16(0x0112), u16(3), u32(1), u16(orientation), u16(0);
  u32(0);
  File out = {0xff, 0xd8, 0xff, 0xe1};
  const std::size_t length = 2 + 6 + tiff.size();
  out.push_back(std::uint8_t(length >> 8));
  out.push_back(std::uint8_t(length));
  for (const char c : {'E', 'x', 'i', 'f', '\0', '\0'}) out.push_back(std::uint8_t(c));
  out.insert(out.end(), tiff.begin(), tiff.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

File make_bmp(int width, int height, int bits, std::uint32_t compression, const File& palette,
              const File& rows) {
  File out = {'B', 'M'};
  const auto u16 = [&](std::uint32_t value) {
    out.push_back(std::uint8_t(value));
    out.push_back(std::uint8_t(value >> 8));
  };
  const auto u32 = [&](std::uint32_t value) {
    u16(value & 0xffff);
    u16(value >> 16);
  };
  const auto offset = std::uint32_t(54 + palette.size());
  u32(offset + std::uint32_t(rows.size()));
  u32(0);
  u32(offset);
  u32(40);
  u32(std::uint32_t(width));
  u32(std::uint32_t(height));
  u16(1);
  u16(std::uint32_t(bits));
  u32(compression);
  for (int i = 0; i < 5; ++i) u32(0);
  out.insert(out.end(), palette.begin(), palette.end());
  out.insert(out.end(), rows.begin(), rows.end());
  return out;
}

}  // namespace lacuna::vision::testing
