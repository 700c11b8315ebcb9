#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vision/byte_order.h"
#include "vision/image_limits.h"

namespace lacuna::vision {

/// What a PNG file says about itself in front of its pixels.
struct PngFacts {
  Size size;
  int bit_depth = 8;    ///< 1, 2, 4, 8 or 16
  int colour_type = 2;  ///< 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha
  bool interlaced = false;
  bool has_alpha = false;  ///< an alpha channel or a tRNS chunk
};

/// A PNG file whose every byte that matters has been checked.
struct CheckedPng {
  PngFacts facts;
  /// The same picture as a new file of only IHDR, PLTE (filled up to 256 entries with black), tRNS,
  /// one IDAT and IEND, its checksums left zero: what the decoder is shown, so that no other chunk
  /// and no colour index outside the palette reaches it.
  std::vector<std::uint8_t> minimal_file;
};

/// Whether the file starts with the PNG signature.
bool is_png(Bytes file);

/// Checks the chunk structure, every checksum, IEND, the sizes against `limits`, and that the
/// compressed pixels unpack to the number of bytes the header asks for (nothing is unpacked into
/// memory). `name` is the file's name for messages.
/// Throws ImageError: malformed, too_large, unsupported.
CheckedPng check_png(Bytes file, const std::string& name, const ImageLimits& limits);

}  // namespace lacuna::vision
