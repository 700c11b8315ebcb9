#include "vision/png_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;
using Kind = ImageError::Kind;

int pattern(int y, int x, int c, int depth) {
  return int((std::uint32_t(y) * 2654435761u + std::uint32_t(x) * 40503u * 7919u +
              std::uint32_t(c) * 97u * 65537u) >>
             7) &
         ((1 << depth) - 1);
}

/// What a sample of that depth is at 8 bits: scaled so that full stays full.
int at_8_bits(int value, int depth) {
  const int full = (1 << depth) - 1;
  return (value * 255 * 2 + full) / (2 * full);
}

struct PngKind {
  int depth;
  int colour_type;
};

class EveryPngKind : public ::testing::TestWithParam<std::tuple<PngKind, bool>> {};

TEST_P(EveryPngKind, DecodesExactly) {
  const auto [kind, interlaced] = GetParam();
  const int depth = kind.depth;
  const bool palette = kind.colour_type == 3;
  File between;
  File colours;
  for (int i = 0; i < 1 << std::min(depth, 8); ++i) {
    colours.insert(colours.end(), {std::uint8_t(i * 7), std::uint8_t(255 - i), std::uint8_t(i)});
  }
  if (palette) append_chunk(between, "PLTE", colours);
  for (const Size size : {Size{1, 1}, Size{3, 5}, Size{9, 1}, Size{17, 33}}) {
    const File file = make_png(size, depth, kind.colour_type, interlaced, between,
                               [&](int y, int x, int c) { return pattern(y, x, c, depth); });
    const DecodedImage decoded = decode_image(file, "a.png");
    EXPECT_EQ(decoded.image.size(), size);
    EXPECT_EQ(decoded.bit_depth, depth);
    EXPECT_EQ(decoded.had_alpha, kind.colour_type == 4 || kind.colour_type == 6);
    ASSERT_EQ(decoded.image.channels(), decoded.had_alpha ? 4 : 3);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        const std::uint8_t* pixel = decoded.image.pixel(y, x);
        const auto value = [&](int c) { return at_8_bits(pattern(y, x, c, depth), depth); };
        if (palette) {
          const int index = pattern(y, x, 0, depth);
          for (int c = 0; c < 3; ++c) ASSERT_EQ(pixel[c], colours[std::size_t(index * 3 + c)]);
          continue;
        }
        const bool grey = kind.colour_type == 0 || kind.colour_type == 4;
        for (int c = 0; c < 3; ++c) ASSERT_EQ(pixel[c], value(grey ? 0 : c)) << y << "," << x;
        if (decoded.had_alpha) {
          ASSERT_EQ(pixel[3], value(grey ? 1 : 3));
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, EveryPngKind,
    ::testing::Combine(::testing::Values(PngKind{1, 0}, PngKind{2, 0}, PngKind{4, 0}, PngKind{8, 0},
                                         PngKind{16, 0}, PngKind{8, 2}, PngKind{16, 2},
                                         PngKind{1, 3}, PngKind{2, 3}, PngKind{4, 3}, PngKind{8, 3},
                                         PngKind{8, 4}, PngKind{16, 4}, PngKind{8, 6},
                                         PngKind{16, 6}),
                       ::testing::Bool()));

TEST(PngFile, TransparentPaletteAndColourGiveAlpha) {
  File between;
  append_chunk(between, "PLTE", {10, 20, 30, 40, 50, 60});
  append_chunk(between, "tRNS", {0});
  const auto index = [](int, int x, int) { return x; };
  const DecodedImage palette = decode_image(make_png({1, 2}, 1, 3, false, between, index), "a.png");
  EXPECT_TRUE(palette.had_alpha);
  EXPECT_EQ(palette.image, Image8({1, 2}, 4, {10, 20, 30, 0, 40, 50, 60, 255}));

  File key;
  append_chunk(key, "tRNS", {0, 5, 0, 5, 0, 5});
  const auto shade = [](int, int x, int) { return 5 + x; };
  const DecodedImage colour = decode_image(make_png({1, 2}, 8, 2, false, key, shade), "a.png");
  EXPECT_TRUE(colour.had_alpha);
  EXPECT_EQ(colour.image, Image8({1, 2}, 4, {5, 5, 5, 0, 6, 6, 6, 255}));
}

TEST(PngFile, IndexOutsideThePaletteIsBlackAndNotMemory) {
  File between;
  append_chunk(between, "PLTE", {200, 200, 200});
  const auto index = [](int, int x, int) { return x * 100; };
  const DecodedImage decoded = decode_image(make_png({1, 3}, 8, 3, false, between, index), "a.png");
  EXPECT_EQ(decoded.image, Image8({1, 3}, 3, {200, 200, 200, 0, 0, 0, 0, 0, 0}));
}

File sample() {
  return make_png({6, 7}, 8, 2, false, {}, [](int y, int x, int c) { return pattern(y, x, c, 8); });
}

TEST(PngFile, EveryTruncationIsRefused) {
  const File whole = sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const File part(whole.begin(), whole.begin() + std::ptrdiff_t(size));
    EXPECT_EQ(kind_of([&] { decode_image(part, "a.png"); }), Kind::malformed) << size;
  }
}

TEST(PngFile, EveryFlippedBitIsRefused) {
  const File whole = sample();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      File damaged = whole;
      damaged[at] = std::uint8_t(damaged[at] ^ 1 << bit);
      // A flipped size in the header may be refused for its size first.
      EXPECT_THROW(decode_image(damaged, "a.png"), ImageError) << at << " bit " << bit;
    }
  }
}

TEST(PngFile, BytesBehindTheEndAreIgnored) {
  File longer = sample();
  longer.insert(longer.end(), 100, 0xab);
  EXPECT_EQ(decode_image(longer, "a.png").image, decode_image(sample(), "a.png").image);
}

TEST(PngFile, HugeSizesAreRefusedFromTheHeader) {
  std::string reason;
  const File huge = png_of(ihdr(100'000, 100'000, 8, 2), {}, zlib_packed(File(1000)));
  EXPECT_EQ(kind_of([&] { decode_image(huge, "huge.png"); }, &reason), Kind::too_large);
  EXPECT_NE(reason.find("huge.png: "), std::string::npos) << reason;
  EXPECT_NE(reason.find("100000x100000"), std::string::npos) << reason;
  const File most = png_of(ihdr(0xffffffffu, 0xffffffffu, 8, 2), {}, zlib_packed(File(1000)));
  EXPECT_EQ(kind_of([&] { decode_image(most, "a.png"); }), Kind::too_large);
  const File none = png_of(ihdr(0, 5, 8, 2), {}, zlib_packed(File(1000)));
  EXPECT_EQ(kind_of([&] { decode_image(none, "a.png"); }), Kind::malformed);
}

TEST(PngFile, LimitsAreTheCallersChoice) {
  ImageLimits limits;
  limits.max_side = 7;
  limits.max_pixels = 42;
  EXPECT_NO_THROW(decode_image(sample(), "a.png", limits));
  limits.max_pixels = 41;
  EXPECT_EQ(kind_of([&] { decode_image(sample(), "a.png", limits); }), Kind::too_large);
  limits.max_pixels = 42;
  limits.max_side = 6;
  EXPECT_EQ(kind_of([&] { decode_image(sample(), "a.png", limits); }), Kind::too_large);
  limits.max_side = 7;
  limits.max_bytes = sample().size() - 1;
  EXPECT_EQ(kind_of([&] { decode_image(sample(), "a.png", limits); }), Kind::too_large);
  limits.max_pixels = 0;
  EXPECT_THROW(decode_image(sample(), "a.png", limits), std::invalid_argument);
}

TEST(PngFile, PixelsThatUnpackToMoreOrLessAreRefused) {
  // 8 x 8 RGB needs 8 * (1 + 24) = 200 bytes; a bomb has ten million.
  EXPECT_EQ(kind_of([&] {
              decode_image(png_of(ihdr(8, 8, 8, 2), {}, zlib_packed(File(10'000'000))), "a.png");
            }),
            Kind::malformed);
  EXPECT_EQ(
      kind_of([&] { decode_image(png_of(ihdr(8, 8, 8, 2), {}, zlib_packed(File(199))), "a.png"); }),
      Kind::malformed);
  EXPECT_NO_THROW(decode_image(png_of(ihdr(8, 8, 8, 2), {}, zlib_packed(File(200))), "a.png"));
  // Files with a few zeros too many are around.
  EXPECT_NO_THROW(decode_image(png_of(ihdr(8, 8, 8, 2), {}, zlib_packed(File(300))), "a.png"));
}

TEST(PngFile, WrongStructureIsRefused) {
  const File pixels = zlib_packed(File(200));
  const File header = ihdr(8, 8, 8, 2);
  const auto kind = [](const File& file) { return kind_of([&] { decode_image(file, "a.png"); }); };
  const std::vector<std::pair<int, int>> undefined_kinds = {
      {8, 1}, {16, 3}, {4, 2}, {3, 0}, {8, 7}};
  for (const auto& [depth, colour] : undefined_kinds) {
    EXPECT_EQ(kind(png_of(ihdr(8, 8, depth, colour), {}, pixels)), Kind::malformed);
  }
  EXPECT_EQ(kind(png_of(ihdr(8, 8, 8, 3), {}, zlib_packed(File(72)))), Kind::malformed);  // no PLTE
  File two;
  append_chunk(two, "IHDR", header);
  EXPECT_EQ(kind(png_of(header, two, pixels)), Kind::malformed);
  File odd_palette;
  append_chunk(odd_palette, "PLTE", File(10));
  EXPECT_EQ(kind(png_of(header, odd_palette, pixels)), Kind::malformed);
  File wrong_alpha;
  append_chunk(wrong_alpha, "tRNS", File(5));
  EXPECT_EQ(kind(png_of(header, wrong_alpha, pixels)), Kind::malformed);
  File critical;
  append_chunk(critical, "QQqq", File(5));
  EXPECT_EQ(kind(png_of(header, critical, pixels)), Kind::unsupported);
  File ancillary;
  append_chunk(ancillary, "qqqq", File(5));
  EXPECT_NO_THROW(decode_image(png_of(header, ancillary, pixels), "a.png"));
  File no_pixels = {137, 80, 78, 71, 13, 10, 26, 10};
  append_chunk(no_pixels, "IHDR", header);
  append_chunk(no_pixels, "IEND", {});
  EXPECT_EQ(kind(no_pixels), Kind::malformed);
  File apple = {137, 80, 78, 71, 13, 10, 26, 10};
  append_chunk(apple, "CgBI", File(4));
  append_chunk(apple, "IHDR", header);
  append_chunk(apple, "IDAT", pixels);
  append_chunk(apple, "IEND", {});
  EXPECT_EQ(kind(apple), Kind::unsupported);
}

}  // namespace
}  // namespace lacuna::vision
