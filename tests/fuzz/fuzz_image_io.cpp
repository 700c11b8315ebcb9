// Any bytes as a picture file: either refused with ImageError, or a picture within the limits that
// comes out the same a second time (so that nothing uninitialised is in it) and survives writing.
// A PNG is tried once more with its checksums put right, which a fuzzer hardly ever guesses; an
// input that starts with 'S' is the header and the unpacked chunks of a PNG that is put together.

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "vision/image_io.h"

namespace {

using namespace lacuna::vision;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Read>
void attempt(Read read) {
  try {
    read();
  } catch (const ImageError& error) {
    require(std::string_view(error.what()).starts_with("fuzz.png: "));
  }
}

void try_file(Bytes file) {
  ImageLimits limits;
  limits.max_side = 512;
  limits.max_pixels = 65'536;
  attempt([&] {
    const DecodedImage decoded = decode_image(file, "fuzz.png", limits);
    const Size got = decoded.image.size();
    require(got.height >= 1 && got.width >= 1 && got.height <= 512 && got.width <= 512);
    require(decoded.image.has_alpha() == decoded.had_alpha);
    require(decode_image(file, "fuzz.png", limits).image == decoded.image);
    const auto png = encode_image(decoded.image, ImageFormat::png);
    require(decode_image(png, "fuzz.png", limits).image == decoded.image);
  });
  attempt([&] {
    const std::vector<PngText> texts = read_png_texts(file, "fuzz.png");
    for (const PngText& text : texts) require(!text.key.empty());
  });
}

void put_be32(std::vector<std::uint8_t>& file, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) file[at + i] = std::uint8_t(value >> (24 - 8 * i));
}

std::vector<std::uint8_t> with_right_checksums(Bytes png) {
  std::vector<std::uint8_t> file(png.begin(), png.end());
  std::size_t at = 8;
  while (file.size() >= at + 12) {
    const std::size_t length = read_be32(file, at);
    if (length > file.size() - at - 12) break;
    put_be32(file, at + 8 + length,
             std::uint32_t(crc32(0, file.data() + at + 4, uInt(length + 4))));
    at += 12 + length;
  }
  return file;
}

void append_chunk(std::vector<std::uint8_t>& file, std::string_view type, Bytes data) {
  append_be32(file, std::uint32_t(data.size()));
  file.insert(file.end(), type.begin(), type.end());
  file.insert(file.end(), data.begin(), data.end());
  append_be32(file, 0);
}

/// 'S', width, height, depth, colour type, interlace, palette bytes, transparency bytes, then these
/// and the filtered rows.
std::vector<std::uint8_t> put_together(Bytes input) {
  std::vector<std::uint8_t> file = {137, 80, 78, 71, 13, 10, 26, 10};
  const std::vector<std::uint8_t> header = {0,        0,        0,        input[1], 0, 0,       0,
                                            input[2], input[3], input[4], 0,        0, input[5]};
  append_chunk(file, "IHDR", header);
  const std::size_t palette_bytes = input[6];
  const std::size_t alpha_bytes = input[7];
  Bytes rest = input.subspan(8);
  const auto take = [&](std::size_t count) {
    const Bytes head = rest.first(std::min(count, rest.size()));
    rest = rest.subspan(head.size());
    return head;
  };
  if (palette_bytes > 0) append_chunk(file, "PLTE", take(palette_bytes));
  if (alpha_bytes > 0) append_chunk(file, "tRNS", take(alpha_bytes));
  uLongf size = compressBound(uLong(rest.size()));
  std::vector<std::uint8_t> packed(size);
  require(compress2(packed.data(), &size, rest.data(), uLong(rest.size()), 1) == Z_OK);
  append_chunk(file, "IDAT", Bytes(packed).first(size));
  append_chunk(file, "IEND", {});
  return with_right_checksums(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  if (size > 8 && input[0] == 'S') {
    try_file(put_together(input));
    return 0;
  }
  try_file(input);
  if (size > 8 && input[0] == 137) try_file(with_right_checksums(input));
  return 0;
}
