#include "vision/region_mask.h"

#include <algorithm>
#include <string>

#include "vision/colour.h"
#include "vision/image_io.h"

namespace lacuna::vision {

namespace {

bool alpha_varies(const Image8& picture) {
  if (!picture.has_alpha()) return false;
  const auto bytes = picture.bytes();
  for (std::size_t i = 3; i < bytes.size(); i += 4) {
    if (bytes[i] != bytes[3]) return true;
  }
  return false;
}

Size cell_size(Size picture, Size codes, const char* function) {
  if (codes.height < 1 || codes.width < 1 || picture.height < 1 || picture.width < 1 ||
      picture.height % codes.height != 0 || picture.width % codes.width != 0) {
    throw std::invalid_argument(std::string("[") + function +
                                "] expected a picture whose sides are multiples of the " +
                                to_string(codes) + " code grid, got " + to_string(picture));
  }
  return {picture.height / codes.height, picture.width / codes.width};
}

}  // namespace

RegionMask region_mask(const Image8& picture, const MaskOptions& options) {
  RegionMask out{PixelMask(picture.size()), MaskChannel::luminance, 0};
  if (alpha_varies(picture)) out.channel = MaskChannel::alpha;
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) {
      const std::uint8_t* pixel = picture.pixel(y, x);
      const bool repaint = out.channel == MaskChannel::alpha
                               ? pixel[3] < 128
                               : luminance(pixel[0], pixel[1], pixel[2]) >= 128;
      if (repaint != options.invert) {
        out.pixels.at(y, x) = 1;
        ++out.masked;
      }
    }
  }
  return out;
}

RegionMask read_region_mask(const std::filesystem::path& path, Size picture,
                            const MaskOptions& options, const ImageLimits& limits) {
  const DecodedImage mask = read_image(path, limits);
  if (mask.image.size() != picture) {
    throw ImageError(ImageError::Kind::mismatch, path.string(),
                     "the mask is " + to_string(mask.image.size()) + ", the picture is " +
                         to_string(picture) + "; make the mask the size of the picture");
  }
  return region_mask(mask.image, options);
}

void CodeMaskOptions::validate() const {
  if (!(min_coverage >= 0.0 && min_coverage <= 1.0)) {
    throw std::invalid_argument("[CodeMaskOptions] expected min_coverage in [0, 1], got " +
                                std::to_string(min_coverage));
  }
}

CodeMask code_mask(const PixelMask& pixels, Size codes, const CodeMaskOptions& options) {
  options.validate();
  const Size cell = cell_size(pixels.size(), codes, "code_mask");
  Grid<std::int64_t> masked(codes);
  for (int y = 0; y < pixels.height(); ++y) {
    for (int x = 0; x < pixels.width(); ++x) {
      masked.at(y / cell.height, x / cell.width) += pixels.at(y, x) != 0 ? 1 : 0;
    }
  }
  const double needed = options.min_coverage * double(cell.height) * double(cell.width);
  CodeMask out(codes);
  for (std::size_t i = 0; i < out.count(); ++i) {
    const std::int64_t count = masked.cells()[i];
    out.cells()[i] = count > 0 && double(count) >= needed ? 1 : 0;
  }
  return out;
}

PixelMask pixel_mask(const CodeMask& codes, Size picture) {
  const Size cell = cell_size(picture, codes.size(), "pixel_mask");
  PixelMask out(picture);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      out.at(y, x) = codes.at(y / cell.height, x / cell.width) != 0 ? 1 : 0;
    }
  }
  return out;
}

ExtendedPicture extend(const Image8& picture, const Margins& margins) {
  const std::int64_t height = std::int64_t(picture.height()) + margins.top + margins.bottom;
  const std::int64_t width = std::int64_t(picture.width()) + margins.left + margins.right;
  if (margins.left < 0 || margins.top < 0 || margins.right < 0 || margins.bottom < 0) {
    throw std::invalid_argument("[extend] expected margins of 0 or more");
  }
  if (height * width > ImageLimits::kPixelCeiling) {
    throw std::invalid_argument("[extend] expected at most 2^27 pixels in all, got " +
                                std::to_string(width) + "x" + std::to_string(height));
  }
  ExtendedPicture out{Image8({int(height), int(width)}, picture.channels(), 255),
                      PixelMask(Size{int(height), int(width)}, 1)};
  for (int y = 0; y < picture.height(); ++y) {
    std::copy_n(picture.pixel(y, 0), std::size_t(picture.width()) * std::size_t(picture.channels()),
                out.picture.pixel(margins.top + y, margins.left));
    for (int x = 0; x < picture.width(); ++x) out.mask.at(margins.top + y, margins.left + x) = 0;
  }
  return out;
}

}  // namespace lacuna::vision
