#include "vision/code_grid.h"

#include <gtest/gtest.h>

namespace lacuna::vision {
namespace {

TEST(CodeGrid, IsRowMajor) {
  CodeGrid grid(Size{2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(grid.at(1, 0), 3);
  EXPECT_EQ(grid.count(), 6u);
}

TEST(CodeGrid, RefusesAnotherCount) {
  EXPECT_THROW(CodeGrid(Size{2, 3}, std::vector<std::int32_t>(5)), std::invalid_argument);
}

TEST(CodeGrid, ValidationNamesTheBadCode) {
  EXPECT_NO_THROW(validate_codes(CodeGrid(Size{1, 2}, {0, 7}), 8));
  EXPECT_THROW(validate_codes(CodeGrid(Size{1, 2}, {-1, 7}), 8), std::invalid_argument);
  try {
    validate_codes(CodeGrid(Size{1, 2}, {0, 8}), 8);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("8 at cell 1"), std::string::npos) << error.what();
  }
}

TEST(CodeGrid, CountsWhatIsSet) {
  PixelMask mask(Size{2, 2});
  mask.at(0, 1) = 1;
  mask.at(1, 1) = 200;
  EXPECT_EQ(count_set(mask), 2u);
}

}  // namespace
}  // namespace lacuna::vision
