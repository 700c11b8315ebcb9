#include "vision/resize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/sample_files.h"
#include "vision/metrics.h"

namespace lacuna::vision {
namespace {

using namespace testing;

const std::vector<Size> kSizes = {{1, 1},    {1, 33},    {33, 1}, {64, 64},
                                  {257, 31}, {100, 640}, {65, 64}};

TEST(Letterbox, PadShowsTheWholePictureInItsShape) {
  for (const Size source : kSizes) {
    for (const Size target : {Size{64, 64}, Size{48, 96}}) {
      const Letterbox box = letterbox(source, target);
      EXPECT_EQ(box.source_area, (Area{0, 0, source.height, source.width}));
      const Area& area = box.target_area;
      EXPECT_GE(area.top, 0);
      EXPECT_GE(area.left, 0);
      EXPECT_LE(area.top + area.height, target.height);
      EXPECT_LE(area.left + area.width, target.width);
      EXPECT_TRUE(area.height == target.height || area.width == target.width);
      // The free room is shared by both sides, to one pixel.
      EXPECT_LE(std::abs(target.height - area.height - 2 * area.top), 1);
      EXPECT_LE(std::abs(target.width - area.width - 2 * area.left), 1);
      const double shape = double(area.height) * source.width - double(area.width) * source.height;
      EXPECT_LE(std::abs(shape), std::max({source.height, source.width, 64}) * 1.0)
          << to_string(source);
    }
  }
}

TEST(Letterbox, CropFillsTheTarget) {
  for (const Size source : kSizes) {
    const Letterbox box = letterbox(source, {64, 64}, Aspect::crop);
    EXPECT_EQ(box.target_area, (Area{0, 0, 64, 64}));
    const int side = std::min(source.height, source.width);
    EXPECT_EQ(box.source_area.height, side);
    EXPECT_EQ(box.source_area.width, side);
  }
  EXPECT_THROW(letterbox({0, 4}, {4, 4}), std::invalid_argument);
  EXPECT_THROW(letterbox({4, 4}, {4, 0}), std::invalid_argument);
}

TEST(Resize, OneColourStaysThatColour) {
  for (const Size from : kSizes) {
    for (const Size to : kSizes) {
      const Image out = resize(Image(from, 0.3f), to);
      EXPECT_EQ(out.size(), to);
      for (const float value : out.pixels()) ASSERT_NEAR(value, 0.3f, 1e-5f);
    }
  }
}

TEST(Resize, ShrinkingByAWholeFactorIsTheMeanOfEachBlock) {
  const Image image = random_image({12, 20}, 3);
  const Image out = resize(image, {3, 4});
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 4; ++x) {
      for (int c = 0; c < 3; ++c) {
        double sum = 0;
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 5; ++j) sum += image.at(4 * y + i, 5 * x + j, c);
        }
        EXPECT_NEAR(out.at(y, x, c), sum / 20, 1e-5);
      }
    }
  }
}

TEST(Resize, StaysInRangeWhereBicubicOvershoots) {
  Image edge(Size{8, 8});
  for (int y = 0; y < 8; ++y) {
    for (int c = 0; c < 3; ++c) edge.at(y, 4, c) = 1.0f;
  }
  const Image out = resize(edge, {61, 61});
  for (const float value : out.pixels()) ASSERT_TRUE(value >= 0.0f && value <= 1.0f);
}

TEST(Resize, GrowingAndShrinkingBackKeepsThePicture) {
  const Image image = to_image(gradient_picture({16, 24}));
  EXPECT_GT(psnr(resize(resize(image, {64, 96}), {16, 24}), image), 40.0);
  EXPECT_EQ(resize(image, {16, 24}), image);
}

TEST(Resize, IsDeterministicInBytesToo) {
  const Image8 picture = random_picture({37, 53}, 4, 5);
  EXPECT_EQ(resize(picture, {64, 64}), resize(picture, {64, 64}));
  EXPECT_EQ(resize(picture, {37, 53}), picture);
}

TEST(Fit, PadsWithTheBackground) {
  const Image out = fit(Image(Size{10, 40}, 0.0f), letterbox({10, 40}, {64, 64}));
  EXPECT_EQ(out.at(0, 32, 0), 1.0f);
  EXPECT_EQ(out.at(63, 32, 1), 1.0f);
  EXPECT_EQ(out.at(32, 32, 2), 0.0f);
  const Image red = fit(Image(Size{10, 40}, 0.0f), letterbox({10, 40}, {64, 64}), {255, 0, 0});
  EXPECT_EQ(red.at(0, 0, 0), 1.0f);
  EXPECT_EQ(red.at(0, 0, 1), 0.0f);
}

TEST(Fit, ComposesAlphaOnTheBackground) {
  const Image8 clear({8, 8}, 4, 0);
  const Image out = fit(clear, letterbox({8, 8}, {8, 8}));
  for (const float value : out.pixels()) EXPECT_EQ(value, 1.0f);
}

TEST(Fit, TheByteShortCutForPhotographsIsCloseToTheFloatWay) {
  const Image8 photo = gradient_picture({700, 1000});
  const Letterbox box = letterbox(photo.size(), {64, 64});
  const Image fast = fit(photo, box);
  const Image exact = fit(to_image(photo), box);
  for (std::size_t i = 0; i < fast.pixels().size(); ++i) {
    ASSERT_NEAR(fast.pixels()[i], exact.pixels()[i], 0.75f / 255);
  }
}

TEST(Fit, RefusesAPictureOfAnotherSize) {
  const Letterbox box = letterbox({8, 9}, {64, 64});
  EXPECT_THROW(fit(Image(Size{9, 8}), box), std::invalid_argument);
  EXPECT_THROW(fit(Image8(Size{9, 8}), box), std::invalid_argument);
  EXPECT_THROW(fit(PixelMask(Size{9, 8}), box), std::invalid_argument);
  EXPECT_THROW(map_back(Image(Size{64, 64}), box, Image8(Size{9, 8})), std::invalid_argument);
}

TEST(Fit, EveryMaskedPixelStaysMaskedAndPaddingIsNot) {
  std::uint32_t seed = 1;
  for (const Size source : kSizes) {
    for (const Aspect aspect : {Aspect::pad, Aspect::crop, Aspect::stretch}) {
      const PixelMask mask = random_mask(source, 0.01, seed++);
      const Letterbox box = letterbox(source, {64, 64}, aspect);
      const PixelMask out = fit(mask, box);
      const Area& from = box.source_area;
      const Area& to = box.target_area;
      for (int y = 0; y < from.height; ++y) {
        for (int x = 0; x < from.width; ++x) {
          if (mask.at(from.top + y, from.left + x) == 0) continue;
          // The middle of the source pixel.
          const int ty = to.top + int((y + 0.5) * to.height / from.height);
          const int tx = to.left + int((x + 0.5) * to.width / from.width);
          ASSERT_EQ(out.at(ty, tx), 1);
        }
      }
      for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
          const bool inside =
              y >= to.top && y < to.top + to.height && x >= to.left && x < to.left + to.width;
          if (!inside) {
            ASSERT_EQ(out.at(y, x), 0);
          }
        }
      }
    }
  }
}

TEST(Fit, AMaskOfTheTargetsSizeIsUnchanged) {
  const PixelMask mask = random_mask({64, 64}, 0.3, 2);
  EXPECT_EQ(fit(mask, letterbox({64, 64}, {64, 64})), mask);
}

TEST(MapBack, UndoesTheFit) {
  for (const Size source : {Size{64, 64}, Size{40, 90}, Size{90, 40}, Size{200, 131}}) {
    const Image8 picture = gradient_picture(source);
    const Letterbox box = letterbox(source, {64, 64});
    const Image8 back = map_back(fit(picture, box), box, Image8(source, 4));
    EXPECT_EQ(back.size(), source);
    EXPECT_EQ(back.channels(), 3);
    EXPECT_GT(psnr(to_image(back), to_image(picture)), 30.0) << to_string(source);
  }
}

TEST(MapBack, OutsideTheCropTheOriginalStays) {
  const Image8 picture = random_picture({20, 60}, 3, 9);
  const Letterbox box = letterbox(picture.size(), {64, 64}, Aspect::crop);
  const Image8 back = map_back(Image(Size{64, 64}, 0.0f), box, picture);
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 60; ++x) {
      const bool shown = x >= box.source_area.left && x < box.source_area.left + 20;
      for (int c = 0; c < 3; ++c) {
        ASSERT_EQ(back.pixel(y, x)[c], shown ? 0 : picture.pixel(y, x)[c]);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna::vision
