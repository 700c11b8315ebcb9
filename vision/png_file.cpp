#include "vision/png_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "vision/image_error.h"
#include "vision/image_header.h"
#include "vision/png_chunks.h"

namespace lacuna::vision {

namespace {

/// Files with zeros after the last row are around; stray bytes beyond this are an attack.
constexpr std::uint64_t kExtraPixelBytes = 65'536;

PngFacts parse_header(const PngChunk& chunk, const std::string& name, const ImageLimits& limits) {
  if (chunk.type == "CgBI") {
    throw ImageError(ImageError::Kind::unsupported, name,
                     "Apple's CgBI variant of PNG is not read; export it as an ordinary PNG");
  }
  if (chunk.type != "IHDR" || chunk.data.size() != 13) {
    throw_malformed_png(name, "damaged PNG: expected a 13-byte IHDR chunk first, got " +
                                  printable_type(chunk.type) + " of " +
                                  std::to_string(chunk.data.size()) + " bytes");
  }
  PngFacts facts;
  facts.size =
      checked_size(read_be32(chunk.data, 0), read_be32(chunk.data, 4), name, "PNG", limits);
  facts.bit_depth = chunk.data[8];
  facts.colour_type = chunk.data[9];
  facts.interlaced = chunk.data[12] != 0;
  const int d = facts.bit_depth;
  const bool any_depth = d == 1 || d == 2 || d == 4 || d == 8 || d == 16;
  const bool fits = facts.colour_type == 0   ? any_depth
                    : facts.colour_type == 3 ? any_depth && d != 16
                    : facts.colour_type == 2 || facts.colour_type == 4 || facts.colour_type == 6
                        ? d == 8 || d == 16
                        : false;
  if (!fits || chunk.data[10] != 0 || chunk.data[11] != 0 || chunk.data[12] > 1) {
    throw_malformed_png(
        name, "damaged PNG: its header names colour type " + std::to_string(facts.colour_type) +
                  " with bit depth " + std::to_string(d) + ", compression " +
                  std::to_string(chunk.data[10]) + ", filter " + std::to_string(chunk.data[11]) +
                  ", interlace " + std::to_string(chunk.data[12]) + ", which PNG does not define");
  }
  facts.has_alpha = facts.colour_type == 4 || facts.colour_type == 6;
  return facts;
}

int channels_in_file(int colour_type) {
  switch (colour_type) {
    case 2:
      return 3;
    case 4:
      return 2;
    case 6:
      return 4;
    default:
      return 1;
  }
}

/// Bytes of one filtered (sub-)picture: a filter byte and the packed pixels for each row.
std::uint64_t filtered_bytes(std::uint64_t height, std::uint64_t width, std::uint64_t pixel_bits) {
  if (height == 0 || width == 0) return 0;
  return height * (1 + (width * pixel_bits + 7) / 8);
}

std::uint64_t expected_bytes(const PngFacts& facts) {
  const auto h = std::uint64_t(facts.size.height);
  const auto w = std::uint64_t(facts.size.width);
  const auto bits = std::uint64_t(facts.bit_depth) * std::uint64_t(channels_in_file(facts.colour_type));
  if (!facts.interlaced) return filtered_bytes(h, w, bits);
  struct Pass {
    std::uint64_t top, left, down, across;
  };
  constexpr std::array<Pass, 7> kAdam7 = {{{0, 0, 8, 8},
                                           {0, 4, 8, 8},
                                           {4, 0, 8, 4},
                                           {0, 2, 4, 4},
                                           {2, 0, 4, 2},
                                           {0, 1, 2, 2},
                                           {1, 0, 2, 1}}};
  std::uint64_t total = 0;
  for (const Pass& pass : kAdam7) {
    const std::uint64_t rows = h > pass.top ? (h - pass.top + pass.down - 1) / pass.down : 0;
    const std::uint64_t columns =
        w > pass.left ? (w - pass.left + pass.across - 1) / pass.across : 0;
    total += filtered_bytes(rows, columns, bits);
  }
  return total;
}

void check_pixels(std::span<const PngChunk> chunks, const PngFacts& facts,
                  const std::string& name) {
  const std::uint64_t expected = expected_bytes(facts);
  std::uint64_t got = 0;
  Inflater inflater;
  bool sound = true;
  for (const PngChunk& chunk : chunks) {
    if (chunk.type != "IDAT" || !sound) continue;
    sound = inflater.feed(chunk.data, [&](Bytes piece) {
      got += piece.size();
      return got <= expected + kExtraPixelBytes;
    });
  }
  if (got > expected + kExtraPixelBytes) {
    throw_malformed_png(name, "damaged PNG: its pixels unpack to more than the " +
                                  std::to_string(expected) + " bytes that " +
                                  to_string(facts.size) + " needs");
  }
  if (!sound || !inflater.finished() || got < expected) {
    throw_malformed_png(name, "damaged PNG: its pixel data cannot be unpacked (" +
                                  std::to_string(got) + " of " + std::to_string(expected) +
                                  " bytes); copy or download it again");
  }
}

/// The decoder does not look at checksums, so they are left out.
void append_bare_chunk(std::vector<std::uint8_t>& out, std::string_view type, Bytes data) {
  append_be32(out, std::uint32_t(data.size()));
  out.insert(out.end(), type.begin(), type.end());
  out.insert(out.end(), data.begin(), data.end());
  append_be32(out, 0);
}

std::vector<std::uint8_t> minimal_file(std::span<const PngChunk> chunks, const PngFacts& facts) {
  std::vector<std::uint8_t> out(kPngSignature.begin(), kPngSignature.end());
  append_bare_chunk(out, "IHDR", chunks.front().data);
  std::size_t pixel_bytes = 0;
  for (const PngChunk& chunk : chunks) {
    if (chunk.type == "IDAT") pixel_bytes += chunk.data.size();
    if (chunk.type == "PLTE" && facts.colour_type == 3) {
      std::array<std::uint8_t, 768> palette{};
      std::ranges::copy(chunk.data, palette.begin());
      append_bare_chunk(out, "PLTE", palette);
    }
    if (chunk.type == "tRNS") append_bare_chunk(out, "tRNS", chunk.data);
  }
  out.reserve(out.size() + pixel_bytes + 24);
  append_be32(out, std::uint32_t(pixel_bytes));
  for (const char c : {'I', 'D', 'A', 'T'}) out.push_back(std::uint8_t(c));
  for (const PngChunk& chunk : chunks) {
    if (chunk.type == "IDAT") out.insert(out.end(), chunk.data.begin(), chunk.data.end());
  }
  append_be32(out, 0);
  append_bare_chunk(out, "IEND", {});
  return out;
}

/// Checks palette, transparency and the order of the chunks; sets `facts.has_alpha`.
void check_order(std::span<const PngChunk> chunks, PngFacts& facts, const std::string& name) {
  std::optional<std::size_t> palette_entries;
  bool transparency = false;
  bool pixels = false;
  for (const PngChunk& chunk : chunks.subspan(1)) {
    if (chunk.type == "IHDR") throw_malformed_png(name, "damaged PNG: two IHDR chunks");
    if (chunk.type == "PLTE") {
      if (palette_entries || pixels || chunk.data.empty() || chunk.data.size() > 768 ||
          chunk.data.size() % 3 != 0) {
        throw_malformed_png(
            name, "damaged PNG: expected one palette of 1 to 256 colours before the pixels");
      }
      palette_entries = chunk.data.size() / 3;
    } else if (chunk.type == "tRNS") {
      const std::size_t expected = facts.colour_type == 0 ? 2 : 6;
      const bool fits = facts.colour_type == 3
                            ? palette_entries && chunk.data.size() <= *palette_entries
                            : chunk.data.size() == expected;
      if (facts.has_alpha || transparency || pixels || !fits) {
        throw_malformed_png(name,
                            "damaged PNG: its transparency chunk (tRNS) does not fit the picture");
      }
      transparency = true;
    } else if (chunk.type == "IDAT") {
      if (facts.colour_type == 3 && !palette_entries) {
        throw_malformed_png(name, "damaged PNG: a palette picture without a palette");
      }
      pixels = true;
    } else if ((chunk.type[0] & 32) == 0 && chunk.type != "IEND") {
      throw ImageError(ImageError::Kind::unsupported, name,
                       "the PNG needs the unknown chunk " + printable_type(chunk.type) +
                           "; export it as an ordinary PNG");
    }
  }
  if (!pixels) throw_malformed_png(name, "damaged PNG: no pixel data (IDAT)");
  facts.has_alpha = facts.has_alpha || transparency;
}

}  // namespace

bool is_png(Bytes file) {
  return file.size() >= kPngSignature.size() &&
         std::equal(kPngSignature.begin(), kPngSignature.end(), file.begin());
}

CheckedPng check_png(Bytes file, const std::string& name, const ImageLimits& limits) {
  // The size is looked at before the checksums: a huge header is refused without reading on.
  if (file.size() >= 33 && std::memcmp(file.data() + 12, "IHDR", 4) == 0) {
    checked_size(read_be32(file, 16), read_be32(file, 20), name, "PNG", limits);
  }
  const std::vector<PngChunk> chunks = read_png_chunks(file, name);
  CheckedPng out;
  out.facts = parse_header(chunks.front(), name, limits);
  check_order(chunks, out.facts, name);
  check_pixels(chunks, out.facts, name);
  out.minimal_file = minimal_file(chunks, out.facts);
  return out;
}

}  // namespace lacuna::vision
