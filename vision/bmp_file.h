#pragma once

#include <string>

#include "vision/byte_order.h"
#include "vision/image_limits.h"

namespace lacuna::vision {

/// What a BMP file says about itself.
struct BmpFacts {
  Size size;
  int bits_per_pixel = 24;  ///< 1, 4, 8, 16, 24 or 32
};

/// Whether the file starts as a BMP does.
bool is_bmp(Bytes file);

/// Checks the header, the size against `limits`, that all rows are in the file, and that no pixel
/// points outside the palette. Throws ImageError: malformed (also a truncated file), too_large,
/// unsupported (run-length coding, OS/2 headers).
BmpFacts check_bmp(Bytes file, const std::string& name, const ImageLimits& limits);

}  // namespace lacuna::vision
