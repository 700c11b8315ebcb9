#pragma once

#include <cstdint>
#include <vector>

#include "vision/image.h"

namespace lacuna::preparation {

/// A picture of few colours.
struct PalettePicture {
  std::vector<std::uint8_t> indices;  ///< [H, W] entries of `palette`
  std::vector<std::uint8_t> palette;  ///< [colours, 3] RGB, light to dark, unused entries black
};

/// Reduces a picture to at most `colors` (2 to 256) colours. Exact when it has no more than that;
/// else the colours are split where they vary most and refined by k-means (Wu, "Efficient
/// statistical computations for optimal color quantization", Graphics Gems II, 1991, is the same
/// criterion on the same histogram), and pure white and pure black stay what they are. Equal
/// pictures give equal results. Throws std::invalid_argument for another number of colours or a
/// picture with alpha.
PalettePicture reduce_colors(const vision::Image8& picture, int colors);

}  // namespace lacuna::preparation
