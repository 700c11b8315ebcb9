#include "vision/bmp_file.h"

#include <gtest/gtest.h>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;
using Kind = ImageError::Kind;

Kind kind(const File& file) {
  return kind_of([&] { decode_image(file, "a.bmp"); });
}

const File kTwoColours = {1, 2, 3, 0, 4, 5, 6, 0};  // blue, green, red, unused

TEST(BmpFile, RowsStandOnTheirHeadUnlessTheHeightIsNegative) {
  const File rows = {1, 2, 3, 0, 4, 5, 6, 0};  // one blue-green-red pixel a row, padded to 4 bytes
  EXPECT_EQ(decode_image(make_bmp(1, 2, 24, 0, {}, rows), "a.bmp").image,
            Image8({2, 1}, 3, {6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(decode_image(make_bmp(1, -2, 24, 0, {}, rows), "a.bmp").image,
            Image8({2, 1}, 3, {3, 2, 1, 6, 5, 4}));
}

TEST(BmpFile, PalettesOfOneFourAndEightBits) {
  const Image8 expected({1, 3}, 3, {6, 5, 4, 3, 2, 1, 6, 5, 4});  // entries 1, 0, 1
  EXPECT_EQ(decode_image(make_bmp(3, 1, 1, 0, kTwoColours, {0xa0, 0, 0, 0}), "a.bmp").image,
            expected);
  EXPECT_EQ(decode_image(make_bmp(3, 1, 4, 0, kTwoColours, {0x10, 0x10, 0, 0}), "a.bmp").image,
            expected);
  EXPECT_EQ(decode_image(make_bmp(3, 1, 8, 0, kTwoColours, {1, 0, 1, 0}), "a.bmp").image, expected);
}

TEST(BmpFile, IndicesOutsideThePaletteAreRefused) {
  EXPECT_EQ(kind(make_bmp(3, 1, 8, 0, kTwoColours, {1, 0, 2, 0})), Kind::malformed);
  EXPECT_EQ(kind(make_bmp(3, 1, 4, 0, kTwoColours, {0x10, 0x20, 0, 0})), Kind::malformed);
  // In the padding behind the row they do not matter.
  EXPECT_NO_THROW(decode_image(make_bmp(3, 1, 8, 0, kTwoColours, {1, 0, 1, 9}), "a.bmp"));
  EXPECT_EQ(kind(make_bmp(3, 1, 8, 0, {}, {0, 0, 0, 0})), Kind::malformed);
}

TEST(BmpFile, TheFourthByteIsAlphaOnlyWhereItVaries) {
  const File varies = {1, 2, 3, 0, 4, 5, 6, 255};
  const DecodedImage with = decode_image(make_bmp(2, 1, 32, 0, {}, varies), "a.bmp");
  EXPECT_TRUE(with.had_alpha);
  EXPECT_EQ(with.image, Image8({1, 2}, 4, {3, 2, 1, 0, 6, 5, 4, 255}));
  for (const std::uint8_t same : {0, 255, 17}) {
    const File constant = {1, 2, 3, same, 4, 5, 6, same};
    const DecodedImage without = decode_image(make_bmp(2, 1, 32, 0, {}, constant), "a.bmp");
    EXPECT_FALSE(without.had_alpha);
    EXPECT_EQ(without.image, Image8({1, 2}, 3, {3, 2, 1, 6, 5, 4}));
  }
}

TEST(BmpFile, TruncationIsRefused) {
  const File whole = encode_image(gradient_picture({5, 7}), ImageFormat::bmp);
  for (std::size_t size = 2; size < whole.size(); ++size) {
    EXPECT_EQ(kind(File(whole.begin(), whole.begin() + std::ptrdiff_t(size))), Kind::malformed);
  }
}

TEST(BmpFile, UnreadKindsAreNamed) {
  const File rows(64);
  EXPECT_EQ(kind(make_bmp(2, 2, 8, 1, kTwoColours, rows)), Kind::unsupported);  // RLE8
  EXPECT_EQ(kind(make_bmp(2, 2, 24, 5, {}, rows)), Kind::unsupported);          // PNG inside
  File os2 = make_bmp(2, 2, 24, 0, {}, rows);
  os2[14] = 12;
  EXPECT_EQ(kind(os2), Kind::unsupported);
  EXPECT_EQ(kind(make_bmp(2, 2, 7, 0, {}, rows)), Kind::malformed);
}

TEST(BmpFile, OddSizesAreRefused) {
  const File rows(64);
  EXPECT_EQ(kind(make_bmp(100'000, 100'000, 24, 0, {}, rows)), Kind::too_large);
  EXPECT_EQ(kind(make_bmp(0, 2, 24, 0, {}, rows)), Kind::malformed);
  EXPECT_EQ(kind(make_bmp(-2, 2, 24, 0, {}, rows)), Kind::malformed);
  EXPECT_EQ(kind(make_bmp(2, -2147483647 - 1, 24, 0, {}, rows)), Kind::malformed);
  File offset = make_bmp(2, 2, 24, 0, {}, rows);
  offset[10] = 20;  // into the header
  EXPECT_EQ(kind(offset), Kind::malformed);
  offset[13] = 0xff;
  EXPECT_EQ(kind(offset), Kind::malformed);
}

}  // namespace
}  // namespace lacuna::vision
