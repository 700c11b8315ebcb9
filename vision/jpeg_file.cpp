#include "vision/jpeg_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "vision/exif.h"
#include "vision/image_error.h"
#include "vision/image_header.h"

namespace lacuna::vision {

namespace {

/// libjpeg's own progressive files have 10 scans; each one costs a pass over the whole picture.
constexpr int kMaxScans = 64;

[[noreturn]] void malformed(const std::string& name, const std::string& reason) {
  throw ImageError(ImageError::Kind::malformed, name, reason);
}

[[noreturn]] void truncated(const std::string& name, std::size_t size) {
  malformed(name, "truncated JPEG: the file ends after " + std::to_string(size) +
                      " bytes without its end marker; copy or download it again");
}

[[noreturn]] void unsupported(const std::string& name, const std::string& reason) {
  throw ImageError(ImageError::Kind::unsupported, name, reason);
}

struct Component {
  std::uint8_t id = 0;
  bool scanned = false;
};

struct Frame {
  JpegFacts facts;
  std::vector<Component> components;
};

const char* coding_of_frame(int marker) {
  switch (marker) {
    case 0xc3:
    case 0xc7:
      return "lossless";
    case 0xc5:
    case 0xc6:
      return "hierarchical";
    default:
      return "arithmetic";
  }
}

Frame parse_frame(int marker, Bytes segment, const std::string& name, const ImageLimits& limits) {
  if (marker > 0xc2) {
    unsupported(name, std::string("a JPEG with ") + coding_of_frame(marker) +
                          " coding is not read; save it as an ordinary JPEG or as PNG");
  }
  if (segment.size() < 6) malformed(name, "damaged JPEG: its frame header is too short");
  if (segment[0] != 8) {
    unsupported(name, "a JPEG with " + std::to_string(segment[0]) +
                          " bits a channel is not read; save it as an 8-bit JPEG or as PNG");
  }
  Frame frame;
  frame.facts.size =
      checked_size(read_be16(segment, 3), read_be16(segment, 1), name, "JPEG", limits);
  frame.facts.progressive = marker == 0xc2;
  const int count = segment[5];
  if (count == 4) {
    unsupported(name,
                "the JPEG has four colour channels (CMYK or YCCK, made for print); convert "
                "it to RGB first, for example: convert in.jpg -colorspace sRGB out.png");
  }
  if ((count != 1 && count != 3) || segment.size() != 6 + 3 * std::size_t(count)) {
    malformed(name, "damaged JPEG: expected 1 or 3 colour channels in the frame header, got " +
                        std::to_string(count));
  }
  frame.facts.components = count;
  for (std::size_t i = 6; i < segment.size(); i += 3) {
    frame.components.push_back({segment[i], false});
  }
  return frame;
}

/// Marks the components of a scan. The decoder leaves a component without a scan unset.
void mark_scan(Frame& frame, Bytes segment, const std::string& name) {
  const std::size_t count = segment.empty() ? 0 : segment[0];
  if (count < 1 || count > 4 || segment.size() != 4 + 2 * count) {
    malformed(name, "damaged JPEG: a scan header of the wrong length");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t id = segment[1 + 2 * i];
    // Ids should be unique; where they are not, the decoder takes the first as well.
    const auto found = std::ranges::find(frame.components, id, &Component::id);
    if (found == frame.components.end()) {
      malformed(name, "damaged JPEG: a scan names a colour channel that the frame does not have");
    }
    found->scanned = true;
  }
}

/// The decoder writes past its tables where a Huffman table has more than 256 codes, and reads on
/// behind the segment where the values are missing.
void check_huffman_tables(Bytes segment, const std::string& name) {
  constexpr std::size_t kHead =
      17;  // class and place, then how many codes there are of each length
  while (!segment.empty()) {
    std::size_t codes = 0;
    for (std::size_t i = 1; i < std::min(kHead, segment.size()); ++i) codes += segment[i];
    if (segment.size() < kHead || codes > 256 || codes > segment.size() - kHead) {
      malformed(name, "damaged JPEG: a Huffman table of the wrong size");
    }
    segment = segment.subspan(kHead + codes);
  }
}

/// The place of the next marker behind entropy-coded data; stuffed zeros and restarts are data.
std::size_t skip_scan_data(Bytes file, std::size_t at) {
  while (at + 1 < file.size()) {
    const void* next = std::memchr(file.data() + at, 0xff, file.size() - at - 1);
    if (next == nullptr) return file.size();
    at = std::size_t(static_cast<const std::uint8_t*>(next) - file.data());
    const std::uint8_t code = file[at + 1];
    if (code == 0xff) {
      at += 1;
    } else if (code == 0 || (code >= 0xd0 && code <= 0xd7)) {
      at += 2;
    } else {
      return at;
    }
  }
  return file.size();
}

bool is_frame_marker(int code) {
  return code >= 0xc0 && code <= 0xcf && code != 0xc4 && code != 0xc8 && code != 0xcc;
}

}  // namespace

bool is_jpeg(Bytes file) {
  return file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8 && file[2] == 0xff;
}

JpegFacts check_jpeg(Bytes file, const std::string& name, const ImageLimits& limits) {
  constexpr std::array<std::uint8_t, 6> kExif = {'E', 'x', 'i', 'f', 0, 0};
  std::optional<Frame> frame;
  int scans = 0;
  int orientation = 1;
  std::size_t at = 2;
  while (true) {
    // Padding between segments is around in real files.
    while (at < file.size() && file[at] != 0xff) ++at;
    while (at + 1 < file.size() && file[at + 1] == 0xff) ++at;
    if (file.size() - at < 2) truncated(name, file.size());
    const int code = file[at + 1];
    at += 2;
    if (code == 0xd9) break;
    if (code == 0xd8) malformed(name, "damaged JPEG: a second start marker");
    if (code <= 0x01 || (code >= 0xd0 && code <= 0xd7)) continue;
    if (file.size() - at < 2) truncated(name, file.size());
    const std::size_t length = read_be16(file, at);
    if (length < 2) malformed(name, "damaged JPEG: a segment of length " + std::to_string(length));
    if (length > file.size() - at) truncated(name, file.size());
    const Bytes segment = file.subspan(at + 2, length - 2);
    at += length;

    if (is_frame_marker(code)) {
      if (frame) malformed(name, "damaged JPEG: two frame headers");
      frame = parse_frame(code, segment, name, limits);
    } else if (code == 0xc4) {
      check_huffman_tables(segment, name);
    } else if (code == 0xda) {
      if (!frame) malformed(name, "damaged JPEG: pixels before the frame header");
      if (++scans > kMaxScans) {
        throw ImageError(ImageError::Kind::too_large, name,
                         "the JPEG has more than " + std::to_string(kMaxScans) +
                             " scans; save it again with an ordinary encoder");
      }
      mark_scan(*frame, segment, name);
      at = skip_scan_data(file, at);
    } else if (code == 0xe1 && segment.size() > kExif.size() && orientation == 1 &&
               std::ranges::equal(segment.first(kExif.size()), kExif)) {
      orientation = exif_orientation(segment.subspan(kExif.size()));
    }
  }
  if (!frame) malformed(name, "damaged JPEG: no frame header before its end marker");
  if (!std::ranges::all_of(frame->components, &Component::scanned)) {
    malformed(name, "damaged JPEG: a colour channel has no pixel data");
  }
  frame->facts.orientation = orientation;
  return frame->facts;
}

}  // namespace lacuna::vision
