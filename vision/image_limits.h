#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "vision/image.h"

namespace lacuna::vision {

/// What a picture file may cost at most. Everything is checked from the header, before a decoder
/// runs. The defaults let the photographs of present phones through (50 megapixels).
struct ImageLimits {
  std::size_t max_bytes = std::size_t{128} << 20;  ///< file size
  std::int64_t max_pixels = 64'000'000;            ///< height * width, at most kPixelCeiling
  int max_side = 32'768;                           ///< longer side

  /// Above this the decoders' own 32-bit sizes would not be safe.
  static constexpr std::int64_t kPixelCeiling = std::int64_t{1} << 27;

  /// Throws std::invalid_argument naming the field that is out of range.
  void validate() const {
    if (max_bytes < 1 || max_bytes > (std::size_t{1} << 30)) {
      throw std::invalid_argument("[ImageLimits] expected max_bytes in [1, 2^30], got " +
                                  std::to_string(max_bytes));
    }
    if (max_pixels < 1 || max_pixels > kPixelCeiling) {
      throw std::invalid_argument("[ImageLimits] expected max_pixels in [1, 2^27], got " +
                                  std::to_string(max_pixels));
    }
    if (max_side < 1 || max_side > (1 << 24)) {
      throw std::invalid_argument("[ImageLimits] expected max_side in [1, 2^24], got " +
                                  std::to_string(max_side));
    }
  }
};

}  // namespace lacuna::vision
