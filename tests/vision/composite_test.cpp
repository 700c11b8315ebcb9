#include "vision/composite.h"

#include <gtest/gtest.h>

#include "tests/vision/sample_files.h"

namespace lacuna::vision {
namespace {

using namespace testing;

TEST(Composite, PixelsOutsideTheMaskKeepEveryByte) {
  std::mt19937 engine(11);
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    const Size size{1 + int(engine() % 40), 1 + int(engine() % 40)};
    const int channels = 3 + int(engine() % 2);
    const Image8 original = random_picture(size, channels, seed);
    const Image8 generated = random_picture(size, 3, seed + 10'000);
    const PixelMask mask = random_mask(size, double(engine() % 100) / 100, seed);
    const CompositeOptions options{.feather = int(engine() % 6)};
    const Image8 out = composite(original, generated, mask, options);
    ASSERT_EQ(out.size(), size);
    ASSERT_EQ(out.channels(), channels);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        for (int c = 0; c < channels; ++c) {
          const int value = out.pixel(y, x)[c];
          const int before = original.pixel(y, x)[c];
          const int after = c == 3 ? 255 : generated.pixel(y, x)[c];
          if (mask.at(y, x) == 0) {
            ASSERT_EQ(value, before) << "case " << seed;
          } else if (options.feather == 0) {
            ASSERT_EQ(value, after) << "case " << seed;
          } else {
            ASSERT_GE(value, std::min(before, after));
            ASSERT_LE(value, std::max(before, after));
          }
        }
      }
    }
  }
}

TEST(Composite, FeatherRisesWithTheDistanceFromWhatIsKept) {
  PixelMask mask(Size{1, 12}, 1);
  mask.at(0, 0) = 0;
  const Image8 out =
      composite(Image8({1, 12}, 3, 0), Image8({1, 12}, 3, 200), mask, {.feather = 3});
  EXPECT_EQ(out.pixel(0, 0)[0], 0);
  EXPECT_EQ(out.pixel(0, 1)[0], 50);
  EXPECT_EQ(out.pixel(0, 2)[0], 100);
  EXPECT_EQ(out.pixel(0, 3)[0], 150);
  for (int x = 4; x < 12; ++x) EXPECT_EQ(out.pixel(0, x)[0], 200);  // the border is no edge
}

TEST(Composite, FullAndEmptyMasks) {
  const Image8 original = random_picture({9, 9}, 3, 1);
  const Image8 generated = random_picture({9, 9}, 3, 2);
  for (const int feather : {0, 4}) {
    const CompositeOptions options{.feather = feather};
    EXPECT_EQ(composite(original, generated, PixelMask(Size{9, 9}, 1), options), generated);
    EXPECT_EQ(composite(original, generated, PixelMask(Size{9, 9}), options), original);
  }
}

TEST(Composite, SizesHaveToAgree) {
  const Image8 picture({4, 5}, 3);
  EXPECT_THROW(composite(picture, Image8({5, 4}, 3), PixelMask(Size{4, 5})), std::invalid_argument);
  EXPECT_THROW(composite(picture, picture, PixelMask(Size{5, 4})), std::invalid_argument);
  EXPECT_THROW(composite(picture, picture, PixelMask(Size{4, 5}), {.feather = -1}),
               std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
