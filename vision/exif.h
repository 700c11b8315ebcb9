#pragma once

#include "vision/byte_order.h"
#include "vision/image.h"

namespace lacuna::vision {

/// The orientation (tag 0x0112, 1 to 8) of an EXIF block that starts with its TIFF header; 1, which
/// is upright, where the block is damaged or has none. Reads only the first directory.
int exif_orientation(Bytes tiff);

/// The picture as it is meant to be seen, given its EXIF orientation: 1 as stored, 2 mirrored,
/// 3 turned by 180 degrees, 4 flipped, 5 transposed, 6 turned right by 90, 7 transverse, 8 turned
/// left by 90. Throws std::invalid_argument outside 1 to 8.
Image8 upright(Image8 image, int orientation);

}  // namespace lacuna::vision
