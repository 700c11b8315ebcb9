#include "vision/image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lacuna::vision {
namespace {

TEST(Image, BytesSurviveTheWayThroughFloats) {
  for (int b = 0; b < 256; ++b) EXPECT_EQ(to_byte(to_unit(std::uint8_t(b))), b);
}

TEST(Image, RoundsToTheNearestLevel) {
  EXPECT_EQ(to_byte(0.4999f / 255), 0);
  EXPECT_EQ(to_byte(0.5001f / 255), 1);
  EXPECT_EQ(to_byte(254.4999f / 255), 254);
  EXPECT_EQ(to_byte(254.5001f / 255), 255);
}

TEST(Image, ClampsWhatIsOutOfRange) {
  EXPECT_EQ(to_byte(-1.0f), 0);
  EXPECT_EQ(to_byte(7.0f), 255);
  EXPECT_EQ(to_byte(std::numeric_limits<float>::infinity()), 255);
  EXPECT_EQ(to_byte(-std::numeric_limits<float>::infinity()), 0);
  EXPECT_EQ(to_byte(std::nanf("")), 0);
}

TEST(Image, RefusesWrongSizesAndCounts) {
  EXPECT_THROW(Image(Size{-1, 2}), std::invalid_argument);
  EXPECT_THROW(Image(Size{2, 2}, std::vector<float>(11)), std::invalid_argument);
  EXPECT_THROW(Image8(Size{2, 2}, 2), std::invalid_argument);
  EXPECT_THROW(Image8(Size{2, 2}, 3, std::vector<std::uint8_t>(13)), std::invalid_argument);
}

TEST(Image, LaysOutRowsThenColumnsThenChannels) {
  Image image(Size{2, 3});
  image.at(1, 2, 0) = 0.5f;
  EXPECT_EQ(image.pixels()[15], 0.5f);
  Image8 bytes(Size{2, 3}, 4);
  bytes.pixel(1, 0)[3] = 9;
  EXPECT_EQ(bytes.bytes()[15], 9);
}

TEST(Image, OpaqueAlphaKeepsTheColourAndClearAlphaIsWhite) {
  for (int c = 0; c < 256; ++c) {
    const auto byte = std::uint8_t(c);
    const Image8 opaque({1, 1}, 4, {byte, byte, byte, 255});
    const Image8 clear({1, 1}, 4, {byte, byte, byte, 0});
    EXPECT_EQ(on_white(opaque).bytes()[0], c);
    EXPECT_EQ(on_white(clear).bytes()[0], 255);
  }
}

TEST(Image, HalfAlphaIsHalfWhite) {
  const Image8 half({1, 1}, 4, {0, 100, 200, 128});
  const Image8 out = on_white(half);
  EXPECT_EQ(out.channels(), 3);
  EXPECT_EQ(out.bytes()[0], 127);
  EXPECT_EQ(out.bytes()[1], 177);
  EXPECT_EQ(out.bytes()[2], 227);
}

TEST(Image, ToImageComposesOnWhite) {
  const Image8 clear({1, 1}, 4, {10, 20, 30, 0});
  const Image out = to_image(clear);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(out.at(0, 0, c), 1.0f);
}

}  // namespace
}  // namespace lacuna::vision
