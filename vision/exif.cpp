#include "vision/exif.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lacuna::vision {

int exif_orientation(Bytes tiff) {
  constexpr std::uint32_t kOrientationTag = 0x0112;
  constexpr std::uint32_t kShort = 3;
  constexpr std::size_t kEntryBytes = 12;
  if (tiff.size() < 8) return 1;
  const bool little = tiff[0] == 'I' && tiff[1] == 'I';
  const bool big = tiff[0] == 'M' && tiff[1] == 'M';
  if (!little && !big) return 1;
  const auto u16 = [&](std::size_t at) {
    return little ? read_le16(tiff, at) : read_be16(tiff, at);
  };
  const auto u32 = [&](std::size_t at) {
    return little ? read_le32(tiff, at) : read_be32(tiff, at);
  };
  if (u16(2) != 42) return 1;
  const std::size_t directory = u32(4);
  if (directory < 8 || directory > tiff.size() - 2) return 1;
  const std::size_t room = (tiff.size() - directory - 2) / kEntryBytes;
  const std::size_t entries = std::min<std::size_t>(u16(directory), room);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t at = directory + 2 + i * kEntryBytes;
    if (u16(at) != kOrientationTag) continue;
    const std::uint32_t value = u16(at + 8);
    const bool sound = u16(at + 2) == kShort && u32(at + 4) == 1 && value >= 1 && value <= 8;
    return sound ? int(value) : 1;
  }
  return 1;
}

Image8 upright(Image8 image, int orientation) {
  if (orientation < 1 || orientation > 8) {
    throw std::invalid_argument("[upright] expected an orientation from 1 to 8, got " +
                                std::to_string(orientation));
  }
  if (orientation == 1) return image;
  const Size from = image.size();
  const bool swapped = orientation >= 5;
  const Size to = swapped ? Size{from.width, from.height} : from;
  const int channels = image.channels();
  Image8 out(to, channels);
  for (int y = 0; y < to.height; ++y) {
    for (int x = 0; x < to.width; ++x) {
      // Where the pixel of the upright picture is stored.
      int row = swapped ? x : y;
      int column = swapped ? y : x;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
        column = from.width - 1 - column;
      }
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
        row = from.height - 1 - row;
      }
      std::copy_n(image.pixel(row, column), channels, out.pixel(y, x));
    }
  }
  return out;
}

}  // namespace lacuna::vision
