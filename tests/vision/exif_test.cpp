#include "vision/exif.h"

#include <gtest/gtest.h>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;

/// Numbered pixels a b c / d e f.
Image8 numbered() {
  Image8 out({2, 3}, 3);
  for (int i = 0; i < 6; ++i) out.pixel(i / 3, i % 3)[0] = std::uint8_t('a' + i);
  return out;
}

std::string rows(const Image8& image) {
  std::string out;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) out += char(image.pixel(y, x)[0]);
    out += '/';
  }
  return out;
}

TEST(Exif, UprightFollowsTheStandard) {
  // What each orientation says of the stored rows, EXIF 2.3 table 4.6.4 "Orientation".
  const char* expected[8] = {"abc/def/",  "cba/fed/",  "fed/cba/",  "def/abc/",
                             "ad/be/cf/", "da/eb/fc/", "fc/eb/da/", "cf/be/ad/"};
  for (int o = 1; o <= 8; ++o) EXPECT_EQ(rows(upright(numbered(), o)), expected[o - 1]) << o;
}

TEST(Exif, UprightRefusesOthers) {
  EXPECT_THROW(upright(numbered(), 0), std::invalid_argument);
  EXPECT_THROW(upright(numbered(), 9), std::invalid_argument);
}

TEST(Exif, JpegsAreTurnedForAllEightInBothByteOrders) {
  const File plain = golden("baseline_444.jpg");
  const Image8 stored = decode_image(plain, "a.jpg").image;
  for (int o = 1; o <= 8; ++o) {
    for (const bool big_endian : {false, true}) {
      const DecodedImage decoded = decode_image(with_exif(plain, o, big_endian), "a.jpg");
      EXPECT_EQ(decoded.orientation, o);
      EXPECT_EQ(decoded.image, upright(stored, o)) << o;
      EXPECT_EQ(decoded.image.size(), o >= 5 ? (Size{24, 20}) : (Size{20, 24}));
    }
  }
}

TEST(Exif, DamagedBlocksAreUpright) {
  const File plain = golden("baseline_444.jpg");
  EXPECT_EQ(decode_image(with_exif(plain, 0, false), "a.jpg").orientation, 1);
  EXPECT_EQ(decode_image(with_exif(plain, 9, true), "a.jpg").orientation, 1);
  const File jpeg = with_exif(plain, 6, false);
  const File tiff(jpeg.begin() + 12, jpeg.begin() + 12 + 8 + 2 + 24 + 4);
  ASSERT_EQ(exif_orientation(tiff), 6);
  for (std::size_t size = 0; size < tiff.size(); ++size) {
    const File part(tiff.begin(), tiff.begin() + std::ptrdiff_t(size));
    const int orientation = exif_orientation(part);
    EXPECT_TRUE(orientation == 1 || orientation == 6);
  }
  for (std::size_t at = 0; at < tiff.size(); ++at) {
    File damaged = tiff;
    damaged[at] = 0xff;
    const int orientation = exif_orientation(damaged);
    EXPECT_TRUE(orientation >= 1 && orientation <= 8);
  }
}

}  // namespace
}  // namespace lacuna::vision
