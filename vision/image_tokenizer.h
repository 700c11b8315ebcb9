#pragma once

#include <span>
#include <vector>

#include "vision/code_grid.h"
#include "vision/image.h"

namespace lacuna::vision {

/// Turns pictures into grids of codes and back, at a fixed number of pixels per code.
class ImageTokenizer {
 public:
  virtual ~ImageTokenizer() = default;
  /// Pixels along each side of one code's cell.
  virtual int pixels_per_code() const = 0;
  /// Codes are in [0, codebook_size()).
  virtual int codebook_size() const = 0;
  /// Pictures of one size, a multiple of pixels_per_code() -> a grid for each. A picture's codes do not depend
  /// on its neighbours. Throws std::invalid_argument.
  virtual std::vector<CodeGrid> encode(std::span<const Image> pictures) = 0;
  /// Grids of one size -> pictures with values clamped to [0, 1]. Throws std::invalid_argument for codes
  /// outside the codebook.
  virtual std::vector<Image> decode(std::span<const CodeGrid> grids) = 0;
};

}  // namespace lacuna::vision
