#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vision/byte_order.h"

namespace lacuna::vision {

/// One text entry of a PNG file, both sides UTF-8.
struct PngText {
  std::string key;
  std::string value;
  bool operator==(const PngText&) const = default;
};

/// The keys this project writes: the A1111-style line of settings, and everything as JSON.
inline constexpr const char* kPngParametersKey = "parameters";
inline constexpr const char* kPngLacunaKey = "lacuna";

/// The tEXt, zTXt and iTXt entries in the order of the file, as UTF-8. At most 1 MiB an entry and
/// 8 MiB together are unpacked. Throws ImageError: malformed, too_large; unsupported when `file`
/// is not a PNG.
std::vector<PngText> read_png_texts(Bytes file, const std::string& name);

/// `png` with the entries placed behind its IHDR chunk: as tEXt where the value is Latin-1
/// (printable, or a line feed), else as iTXt, uncompressed.
/// `png` is a file that this library wrote. Throws std::invalid_argument when a key is not 1 to 79
/// printable ASCII characters without a space at either end, or when a value is not valid UTF-8 or
/// holds a NUL.
std::vector<std::uint8_t> with_png_texts(Bytes png, std::span<const PngText> texts);

}  // namespace lacuna::vision
