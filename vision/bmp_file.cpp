#include "vision/bmp_file.h"

#include <limits>

#include "vision/image_error.h"
#include "vision/image_header.h"

namespace lacuna::vision {

namespace {

[[noreturn]] void malformed(const std::string& name, const std::string& reason) {
  throw ImageError(ImageError::Kind::malformed, name, "damaged BMP: " + reason);
}

[[noreturn]] void unsupported(const std::string& name, const std::string& what) {
  throw ImageError(ImageError::Kind::unsupported, name,
                   "a BMP with " + what + " is not read; save it as an ordinary BMP or as PNG");
}

/// The decoder does not initialise palette entries that the file does not have.
void check_palette_indices(Bytes pixels, const BmpFacts& facts, std::size_t row_bytes,
                           std::size_t entries, const std::string& name) {
  const auto bits = std::size_t(facts.bits_per_pixel);
  if (entries >= std::size_t{1} << bits) return;
  const unsigned mask = (1u << bits) - 1;
  for (std::size_t y = 0; y < std::size_t(facts.size.height); ++y) {
    for (std::size_t x = 0; x < std::size_t(facts.size.width); ++x) {
      const std::size_t bit = x * bits;
      const unsigned byte = pixels[y * row_bytes + bit / 8];
      const unsigned index = byte >> (8 - bits - bit % 8) & mask;
      if (index >= entries) {
        malformed(name, "a pixel has colour " + std::to_string(index) + " of a palette of " +
                            std::to_string(entries));
      }
    }
  }
}

}  // namespace

bool is_bmp(Bytes file) { return file.size() >= 2 && file[0] == 'B' && file[1] == 'M'; }

BmpFacts check_bmp(Bytes file, const std::string& name, const ImageLimits& limits) {
  constexpr std::size_t kFileHeader = 14;
  if (file.size() < kFileHeader + 4) malformed(name, "the file ends inside its header");
  const std::uint64_t offset = read_le32(file, 10);
  const std::uint64_t header = read_le32(file, 14);
  if (header == 12 || header == 16 || header == 64) unsupported(name, "an OS/2 header");
  if (header != 40 && header != 56 && header != 108 && header != 124) {
    unsupported(name, "a header of " + std::to_string(header) + " bytes");
  }
  if (file.size() < kFileHeader + header) malformed(name, "the file ends inside its header");

  const auto width = std::int32_t(read_le32(file, 18));
  const auto height = std::int32_t(read_le32(file, 22));  // negative: top row first
  if (width < 0 || height == std::numeric_limits<std::int32_t>::min()) {
    malformed(name, "its header says " + std::to_string(width) + "x" + std::to_string(height) +
                        " pixels");
  }
  BmpFacts facts;
  facts.size = checked_size(std::uint64_t(width), std::uint64_t(height < 0 ? -height : height),
                            name, "BMP", limits);
  facts.bits_per_pixel = int(read_le16(file, 28));
  const std::uint32_t compression = read_le32(file, 30);
  if (compression == 1 || compression == 2) unsupported(name, "run-length coding");
  if (compression != 0 && compression != 3) {
    unsupported(name, "compression " + std::to_string(compression));
  }
  const int bits = facts.bits_per_pixel;
  const bool palette = bits == 1 || bits == 4 || bits == 8;
  const bool fields = compression == 3;
  if (!palette && bits != 16 && bits != 24 && bits != 32) {
    malformed(name, std::to_string(bits) + " bits a pixel");
  }
  if (fields && bits != 16 && bits != 32) {
    malformed(name, "bit fields with " + std::to_string(bits) + " bits a pixel");
  }

  // With a 40- or 56-byte header, the colour masks of bit fields stand behind it.
  const std::uint64_t colours = kFileHeader + header + (fields && header <= 56 ? 12 : 0);
  const std::uint64_t row_bytes = (std::uint64_t(width) * std::uint64_t(bits) + 31) / 32 * 4;
  const std::uint64_t pixel_bytes = row_bytes * std::uint64_t(facts.size.height);
  if (offset < colours || offset > file.size()) {
    malformed(name, "its pixels are said to start at byte " + std::to_string(offset));
  }
  if (pixel_bytes > file.size() - offset) {
    throw ImageError(ImageError::Kind::malformed, name,
                     "truncated BMP: " + to_string(facts.size) + " needs " +
                         std::to_string(pixel_bytes) + " bytes of pixels, the file has " +
                         std::to_string(file.size() - offset) + "; copy or download it again");
  }
  if (palette) {
    const std::uint64_t entries = (offset - colours) / 4;
    if (entries < 1 || entries > 256) {
      malformed(name, "a palette of " + std::to_string(entries) + " colours");
    }
    check_palette_indices(file.subspan(std::size_t(offset), std::size_t(pixel_bytes)), facts,
                          std::size_t(row_bytes), std::size_t(entries), name);
  }
  return facts;
}

}  // namespace lacuna::vision
