#pragma once

#include <string>

#include "vision/byte_order.h"
#include "vision/image_limits.h"

namespace lacuna::vision {

/// What a JPEG file says about itself.
struct JpegFacts {
  Size size;            ///< as stored, before the orientation is applied
  int components = 3;   ///< 1 grey, 3 colour
  int orientation = 1;  ///< EXIF, 1 to 8
  bool progressive = false;
};

/// Whether the file starts as a JPEG does.
bool is_jpeg(Bytes file);

/// Walks all segments up to the end marker: lengths, one frame header whose size is within
/// `limits`, a bounded number of scans that cover every component, the end marker.
/// Throws ImageError: malformed (also a truncated file), too_large, unsupported (CMYK, arithmetic
/// or lossless coding, more than 8 bits).
JpegFacts check_jpeg(Bytes file, const std::string& name, const ImageLimits& limits);

}  // namespace lacuna::vision
