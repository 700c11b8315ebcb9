#include "vision/foreign_formats.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lacuna::vision {

namespace {

using namespace std::string_view_literals;

struct Signature {
  std::size_t at;
  std::string_view bytes;
  std::string_view name;
};

// The longer and rarer signatures stand first.
constexpr std::array kSignatures = {
    Signature{0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "a JPEG XL picture"},
    Signature{0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "a JPEG 2000 picture"},
    Signature{4, "ftypavif"sv, "an AVIF picture"},
    Signature{4, "ftypavis"sv, "an AVIF picture"},
    Signature{4, "ftypheic"sv, "a HEIC picture"},
    Signature{4, "ftypheix"sv, "a HEIC picture"},
    Signature{4, "ftypmif1"sv, "a HEIF picture"},
    Signature{8, "WEBP"sv, "a WebP picture"},
    Signature{0, "GIF87a"sv, "a GIF picture"},
    Signature{0, "GIF89a"sv, "a GIF picture"},
    Signature{0, "#?RADIANCE"sv, "a Radiance HDR picture"},
    Signature{0, "\x76\x2f\x31\x01"sv, "an OpenEXR picture"},
    Signature{0, "II*\0"sv, "a TIFF picture"},
    Signature{0, "MM\0*"sv, "a TIFF picture"},
    Signature{0, "8BPS"sv, "a Photoshop picture"},
    Signature{0, "DDS "sv, "a DDS picture"},
    Signature{0, "qoif"sv, "a QOI picture"},
    Signature{0, "gimp xcf"sv, "a GIMP picture"},
    Signature{0, "\0\0\1\0"sv, "an icon (ICO)"},
    Signature{0, "%PDF-"sv, "a PDF document"},
    Signature{0, "PK\3\4"sv, "a ZIP archive"},
    Signature{0, "\x1f\x8b"sv, "a gzip archive"},
    Signature{0, "\xff\x0a"sv, "a JPEG XL picture"},
    Signature{0, "<svg"sv, "an SVG drawing"},
    Signature{0, "<?xml"sv, "an XML file (an SVG drawing?)"},
    Signature{0, "P1\n"sv, "a PBM picture"},
    Signature{0, "P2\n"sv, "a PGM picture"},
    Signature{0, "P3\n"sv, "a PPM picture"},
    Signature{0, "P4\n"sv, "a PBM picture"},
    Signature{0, "P5\n"sv, "a PGM picture"},
    Signature{0, "P6\n"sv, "a PPM picture"},
};

}  // namespace

std::optional<std::string> foreign_format(Bytes file) {
  for (const Signature& signature : kSignatures) {
    if (file.size() < signature.at + signature.bytes.size()) continue;
    const Bytes part = file.subspan(signature.at, signature.bytes.size());
    if (std::ranges::equal(part, signature.bytes,
                           [](std::uint8_t a, char b) { return a == std::uint8_t(b); })) {
      return std::string(signature.name);
    }
  }
  return std::nullopt;
}

}  // namespace lacuna::vision
