#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "vision/byte_order.h"
#include "vision/code_grid.h"
#include "vision/image.h"
#include "vision/image_error.h"

/// Picture files and pictures made in code for the tests of vision.
namespace lacuna::vision::testing {

using File = std::vector<std::uint8_t>;

/// Every byte drawn from `seed`.
Image8 random_picture(Size size, int channels, std::uint32_t seed);
/// Smooth colours: what photographs are to JPEG.
Image8 gradient_picture(Size size, int channels = 3);
Image random_image(Size size, std::uint32_t seed);
/// Each pixel set with the probability `density`, or rectangles, drawn from `seed`.
PixelMask random_mask(Size size, double density, std::uint32_t seed);

/// Four letters, a length and a right checksum around `data`.
void append_chunk(File& file, std::string_view type, const File& data);
File zlib_packed(const File& data);
File ihdr(std::uint32_t width, std::uint32_t height, int depth, int colour_type, int interlace = 0);

/// A PNG of any kind, its rows unfiltered. `sample(y, x, channel)` gives values below 2^depth.
/// `between` holds chunks that stand between IHDR and IDAT.
template <typename Sample>
File make_png(Size size, int depth, int colour_type, bool interlaced, const File& between,
              Sample&& sample);

/// The whole file without the chunk of that type; `parts` as for a PNG of this project.
File png_of(const File& header, const File& between, const File& idat);

/// The test's golden file of that name.
File golden(const std::string& name);
/// `jpeg` with an EXIF block of that orientation behind its start marker.
File with_exif(const File& jpeg, int orientation, bool big_endian);

/// A BMP with a 40-byte header, rows from the bottom; `palette` holds 4 bytes an entry.
File make_bmp(int width, int height, int bits, std::uint32_t compression, const File& palette,
              const File& rows);

/// The kind of the ImageError that `call` throws; fails the test where it throws none.
template <typename Call>
ImageError::Kind kind_of(Call&& call, std::string* reason = nullptr) {
  try {
    call();
  } catch (const ImageError& error) {
    if (reason != nullptr) *reason = error.what();
    return error.kind();
  }
  throw std::runtime_error("expected an ImageError, got none");
}

template <typename Sample>
File make_png(Size size, int depth, int colour_type, bool interlaced, const File& between,
              Sample&& sample) {
  const int channels = colour_type == 2 ? 3 : colour_type == 4 ? 2 : colour_type == 6 ? 4 : 1;
  File raw;
  const auto add_pass = [&](int top, int left, int down, int across) {
    if (top >= size.height || left >= size.width) return;
    for (int y = top; y < size.height; y += down) {
      raw.push_back(0);
      std::uint32_t bits = 0;
      int filled = 0;
      for (int x = left; x < size.width; x += across) {
        for (int c = 0; c < channels; ++c) {
          bits = bits << depth | std::uint32_t(sample(y, x, c));
          filled += depth;
          while (filled >= 8) {
            raw.push_back(std::uint8_t(bits >> (filled - 8)));
            filled -= 8;
          }
        }
      }
      if (filled > 0) raw.push_back(std::uint8_t(bits << (8 - filled)));
    }
  };
  if (interlaced) {
    const int passes[7][4] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                              {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    for (const auto& pass : passes) add_pass(pass[0], pass[1], pass[2], pass[3]);
  } else {
    add_pass(0, 0, 1, 1);
  }
  return png_of(ihdr(std::uint32_t(size.width), std::uint32_t(size.height), depth, colour_type,
                     interlaced ? 1 : 0),
                between, zlib_packed(raw));
}

}  // namespace lacuna::vision::testing
