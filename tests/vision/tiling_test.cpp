#include "vision/tiling.h"

#include <gtest/gtest.h>

namespace lacuna::vision {
namespace {

TEST(Tiling, PicturesLieInRowsWithMargins) {
  const std::vector<Image8> pictures = {filled({4, 6}, {1, 1, 1}), filled({4, 6}, {2, 2, 2}),
                                        filled({4, 6}, {3, 3, 3})};
  const Image8 sheet = tile(pictures, {.columns = 2, .margin = 1, .background = {9, 9, 9}});
  EXPECT_EQ(sheet.size(), (Size{11, 15}));
  EXPECT_EQ(sheet.pixel(0, 0)[0], 9);
  EXPECT_EQ(sheet.pixel(1, 1)[0], 1);
  EXPECT_EQ(sheet.pixel(4, 6)[0], 1);
  EXPECT_EQ(sheet.pixel(1, 7)[0], 9);
  EXPECT_EQ(sheet.pixel(1, 8)[0], 2);
  EXPECT_EQ(sheet.pixel(6, 1)[0], 3);
  EXPECT_EQ(sheet.pixel(6, 8)[0], 9);
}

TEST(Tiling, SmallerPicturesAreCentred) {
  const std::vector<Image8> pictures = {filled({5, 5}, {1, 1, 1}), filled({1, 1}, {2, 2, 2})};
  const Image8 sheet = tile(pictures, {.columns = 2, .margin = 0});
  EXPECT_EQ(sheet.pixel(2, 7)[0], 2);
  EXPECT_EQ(sheet.pixel(1, 7)[0], 255);
}

TEST(Tiling, SheetsAreNearlySquare) {
  EXPECT_EQ(square_columns(1, {10, 10}), 1);
  EXPECT_EQ(square_columns(4, {10, 10}), 2);
  EXPECT_EQ(square_columns(16, {10, 10}), 4);
  EXPECT_EQ(square_columns(12, {10, 10}), 4);
  EXPECT_EQ(square_columns(2, {10, 10}), 2);
}

TEST(Tiling, BadInputIsRefused) {
  EXPECT_THROW(tile({}), std::invalid_argument);
  const std::vector<Image8> one = {Image8({2, 2}, 3)};
  EXPECT_THROW(tile(one, {.columns = -1}), std::invalid_argument);
  EXPECT_THROW(tile(one, {.margin = -1}), std::invalid_argument);
  Image8 canvas({4, 4}, 3);
  EXPECT_THROW(paste(canvas, one[0], 3, 0), std::invalid_argument);
  EXPECT_THROW(paste(canvas, one[0], 0, -1), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
