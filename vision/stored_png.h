#pragma once

#include <cstdint>
#include <vector>

#include "vision/image.h"

namespace lacuna::vision {

/// The picture as a PNG file whose pixels are stored, not compressed: for programs that have
/// neither zlib nor stb (the trainer's sample grids). About 3 bytes a pixel.
/// Throws std::invalid_argument on an empty picture or one above 2^27 pixels.
std::vector<std::uint8_t> encode_stored_png(const Image8& image);

}  // namespace lacuna::vision
