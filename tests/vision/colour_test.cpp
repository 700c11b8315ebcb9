#include "vision/colour.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/sample_files.h"

namespace lacuna::vision {
namespace {

using namespace testing;

TEST(Colour, LuminanceIsExactForGreys) {
  for (int v = 0; v < 256; ++v) {
    const auto byte = std::uint8_t(v);
    EXPECT_EQ(luminance(byte, byte, byte), v);
  }
}

TEST(Colour, RecolourGoesFromGroundToInk) {
  const Rgb8 ink{200, 10, 30};
  const Rgb8 ground{20, 250, 30};
  const Image8 mask({1, 3}, 3, {0, 0, 0, 255, 255, 255, 128, 128, 128});
  const Image8 out = recolour(mask, ink, ground);
  EXPECT_EQ(out, Image8({1, 3}, 3, {20, 250, 30, 200, 10, 30, 110, 130, 30}));
}

TEST(Colour, GroundUnderAlpha) {
  const Image8 picture({1, 2}, 4, {10, 20, 30, 255, 10, 20, 30, 0});
  EXPECT_EQ(on_ground(picture, {7, 8, 9}), Image8({1, 2}, 3, {10, 20, 30, 7, 8, 9}));
  EXPECT_EQ(on_ground(picture, {}), on_white(picture));
  EXPECT_EQ(without_alpha(picture), Image8({1, 2}, 3, {10, 20, 30, 10, 20, 30}));
}

TEST(Colour, NoChangeIsNoChange) {
  const Image image = random_image({9, 9}, 1);
  const Image out = change_colours(image, {});
  for (std::size_t i = 0; i < image.pixels().size(); ++i) {
    EXPECT_NEAR(out.pixels()[i], image.pixels()[i], 5e-3f);
  }
}

TEST(Colour, BlackAndWhiteStay) {
  for (const float fill : {0.0f, 1.0f}) {
    const Image out = change_colours(Image(Size{2, 2}, fill),
                                     {.gamma = 1.4f, .saturation = 0.3f, .hue_degrees = 70});
    for (const float value : out.pixels()) EXPECT_NEAR(value, fill, 1e-4f);
  }
}

TEST(Colour, ZeroSaturationIsGrey) {
  const Image out = change_colours(random_image({5, 5}, 2), {.saturation = 0.0f});
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 5; ++x) {
      EXPECT_NEAR(out.at(y, x, 0), out.at(y, x, 1), 1e-6f);
      EXPECT_NEAR(out.at(y, x, 1), out.at(y, x, 2), 1e-6f);
    }
  }
}

TEST(Colour, HueTurnsBack) {
  Image muted = random_image({5, 5}, 3);
  for (float& value : muted.pixels()) value = 0.45f + 0.1f * value;  // nothing is clamped
  const Image out =
      change_colours(change_colours(muted, {.hue_degrees = 40}), {.hue_degrees = -40});
  for (std::size_t i = 0; i < out.pixels().size(); ++i) {
    EXPECT_NEAR(out.pixels()[i], muted.pixels()[i], 2e-3f);
  }
}

TEST(Colour, BadChangesAreRefused) {
  const Image image(Size{1, 1});
  EXPECT_THROW(change_colours(image, {.gamma = 0}), std::invalid_argument);
  EXPECT_THROW(change_colours(image, {.gamma = std::nanf("")}), std::invalid_argument);
  EXPECT_THROW(change_colours(image, {.saturation = -1}), std::invalid_argument);
  EXPECT_THROW(change_colours(image, {.hue_degrees = 181}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
