#pragma once

#include <cstdint>
#include <string>

#include "vision/image_error.h"
#include "vision/image_limits.h"

namespace lacuna::vision {

/// The size that a header of `format` names, after comparing it with `limits`.
/// Throws ImageError: malformed on a side of 0, too_large with the numbers and the limits.
inline Size checked_size(std::uint64_t width, std::uint64_t height, const std::string& name,
                         const std::string& format, const ImageLimits& limits) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height) + " pixels";
  if (width == 0 || height == 0) {
    throw ImageError(ImageError::Kind::malformed, name,
                     "damaged " + format + ": its header says " + size);
  }
  const auto side = std::uint64_t(limits.max_side);
  if (width > side || height > side || width * height > std::uint64_t(limits.max_pixels)) {
    throw ImageError(ImageError::Kind::too_large, name,
                     "the picture has " + size + "; at most " + std::to_string(limits.max_side) +
                         " pixels a side and " + std::to_string(limits.max_pixels) +
                         " in all are read; scale it down first");
  }
  return {int(height), int(width)};
}

}  // namespace lacuna::vision
