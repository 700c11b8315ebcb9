#pragma once

#include <filesystem>

#include "vision/code_grid.h"
#include "vision/image.h"
#include "vision/image_limits.h"

namespace lacuna::vision {

/// The channel that a mask picture was read from.
enum class MaskChannel {
  alpha,      ///< OpenAI's convention: transparent (alpha below 128) is repainted
  luminance,  ///< diffusers' and A1111's: white (luminance of 128 or more) is repainted
};

struct MaskOptions {
  bool invert = false;  ///< repaint what would be kept, and keep the rest
};

/// Which pixels of a picture are to be repainted, and what to tell the user about them.
struct RegionMask {
  PixelMask pixels;  ///< 1 = repaint
  MaskChannel channel = MaskChannel::luminance;
  std::size_t masked = 0;  ///< how many are set

  double masked_percent() const {
    return pixels.count() == 0 ? 0.0 : 100.0 * double(masked) / double(pixels.count());
  }
  bool nothing_masked() const { return masked == 0; }
  bool all_masked() const { return masked == pixels.count(); }
};

/// Reads a mask out of a picture: from its alpha channel where that is there and not the same
/// everywhere, else from its luminance. An empty or full mask is not an error here.
RegionMask region_mask(const Image8& picture, const MaskOptions& options = {});

/// The mask in a file, for a picture of `picture` size. Throws ImageError: every kind of
/// `read_image`, and mismatch naming both sizes.
RegionMask read_region_mask(const std::filesystem::path& path, Size picture,
                            const MaskOptions& options = {}, const ImageLimits& limits = {});

struct CodeMaskOptions {
  /// A code is repainted when at least one pixel of its cell is masked and they are at least this
  /// part of the cell. 0: any pixel; 1: only cells that are masked throughout.
  double min_coverage = 0.0;

  /// Throws std::invalid_argument outside [0, 1].
  void validate() const;
};

/// The codes that a pixel mask touches; each code stands for a cell of equal size.
/// Throws std::invalid_argument where the picture's sides are not multiples of the code grid's.
CodeMask code_mask(const PixelMask& pixels, Size codes, const CodeMaskOptions& options = {});

/// The pixels of the masked codes. Throws as `code_mask`.
PixelMask pixel_mask(const CodeMask& codes, Size picture);

/// Pixels to add at each side.
struct Margins {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;
};

/// A picture made larger by white margins, and the mask that has them repainted.
struct ExtendedPicture {
  Image8 picture;
  PixelMask mask;
};

/// Throws std::invalid_argument on a negative margin or where the picture would pass 2^27 pixels.
ExtendedPicture extend(const Image8& picture, const Margins& margins);

}  // namespace lacuna::vision
