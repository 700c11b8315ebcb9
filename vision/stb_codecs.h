#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vision/byte_order.h"
#include "vision/image.h"

/// The only place that includes stb. Decoders here run on files that check_png, check_jpeg or
/// check_bmp have passed, never on others. Internal to vision.
namespace lacuna::vision {

/// The size and channel count that the decoder itself reads from the header.
struct DecoderFacts {
  Size size;
  int channels = 0;
};
std::optional<DecoderFacts> decoder_facts(Bytes file);

/// The picture with `channels` (3 or 4) bytes a pixel; 16-bit files are rounded to the nearest of
/// 256 levels. On failure nothing, and the decoder's reason in `reason`.
std::optional<Image8> decode_with_stb(Bytes file, int channels, std::string& reason);

/// Throws std::invalid_argument where the picture is empty or above ImageLimits::kPixelCeiling,
/// std::bad_alloc where memory runs out.
std::vector<std::uint8_t> encode_png_with_stb(const Image8& image);
std::vector<std::uint8_t> encode_jpeg_with_stb(const Image8& image, int quality);
std::vector<std::uint8_t> encode_bmp_with_stb(const Image8& image);

}  // namespace lacuna::vision
