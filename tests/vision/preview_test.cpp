#include "vision/preview.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/vision/sample_files.h"

namespace lacuna::vision {
namespace {

using namespace testing;

TEST(Preview, KnownCellsShowThePictureAndMaskedOnesTheHatch) {
  const Image image(Size{64, 64}, 0.0f);
  CodeMask masked(Size{8, 8});
  masked.at(2, 3) = 1;
  const PreviewOptions options;
  const Image8 out = draw_preview(image, masked);
  EXPECT_EQ(out.size(), (Size{256, 256}));
  std::set<int> shades;
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) {
      const bool hidden = y / 32 == 2 && x / 32 == 3;
      const int value = out.pixel(y, x)[0];
      if (hidden) {
        shades.insert(value);
        ASSERT_GE(value, options.hatch_line.r);
        ASSERT_LE(value, options.hatch_ground.r);
      } else {
        ASSERT_EQ(value, 0);
      }
    }
  }
  EXPECT_TRUE(shades.contains(options.hatch_line.r));
  EXPECT_TRUE(shades.contains(options.hatch_ground.r));
}

TEST(Preview, NothingMaskedIsThePicture) {
  const Image image = random_image({24, 40}, 1);
  EXPECT_EQ(draw_preview(image, CodeMask(Size{3, 5}), {.min_side = 0}), to_image8(image));
  EXPECT_EQ(draw_preview(image, CodeMask(Size{3, 5}), {.min_side = 25}).size(), (Size{48, 80}));
}

TEST(Preview, BadInputIsRefused) {
  EXPECT_THROW(draw_preview(Image(Size{24, 40}), CodeMask(Size{5, 5})), std::invalid_argument);
  EXPECT_THROW(draw_preview(Image(), CodeMask()), std::invalid_argument);
  EXPECT_THROW(draw_preview(Image(Size{8, 8}), CodeMask(Size{1, 1}), {.min_side = -1}),
               std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
