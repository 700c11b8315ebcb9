#include "fusion/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/fusion/small_space.h"

namespace lacuna::fusion {
namespace {

constexpr LayoutSizes kSizes{4, 2, 3};
using Ids = std::vector<std::int32_t>;

Ids ids_of(const Canvas& canvas) { return {canvas.ids().begin(), canvas.ids().end()}; }

TEST(Layout, CaptionMasksTheTextBehindItsPrefix) {
  const Canvas canvas = layout_caption(small_space(), kSizes, Ids{0, 1, 2, 3, 4, 5}, Ids{7});
  EXPECT_EQ(ids_of(canvas), (Ids{7, 26, 26, 26, 27, 10, 11, 12, 13, 14, 15, 28}));
  EXPECT_EQ(canvas.masked_count(), 3);
}

TEST(Layout, GenerateFillsTheTextWithEndOfText) {
  const Canvas canvas = layout_generate(small_space(), kSizes, Ids{7, 8});
  EXPECT_EQ(ids_of(canvas), (Ids{7, 8, 2, 2, 27, 26, 26, 26, 26, 26, 26, 28}));
  EXPECT_EQ(canvas.masked_positions(Modality::text).size(), 0u);
}

TEST(Layout, InfillKeepsWhatIsKnown) {
  const Canvas canvas = layout_infill(small_space(), kSizes, Ids{7, 26, 8}, Ids{0, -1, 2, -1, 4, 5});
  EXPECT_EQ(ids_of(canvas), (Ids{7, 26, 8, 2, 27, 10, 26, 12, 26, 14, 15, 28}));
}

TEST(Layout, JointMasksEverything) {
  const Canvas canvas = layout_joint(small_space(), kSizes);
  EXPECT_EQ(canvas.masked_count(), 10);
  EXPECT_EQ(canvas.size(), kSizes.total());
}

TEST(Layout, LongTextIsRefusedWithBothLengths) {
  try {
    layout_generate(small_space(), kSizes, Ids{3, 3, 3, 3, 3});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("at most 4"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("got 5"), std::string::npos) << error.what();
  }
}

TEST(Layout, WrongNumberOfCodesIsRefused) {
  EXPECT_THROW(layout_caption(small_space(), kSizes, Ids{0, 1}), std::invalid_argument);
  EXPECT_THROW(layout_caption(small_space(), kSizes, Ids{0, 1, 2, 3, 4, 16}), std::invalid_argument);
  EXPECT_THROW(layout_joint(small_space(), {0, 1, 1}), std::invalid_argument);
}

TEST(Layout, RotaryPositionsCountTextAndPlacePictures) {
  const Canvas canvas = layout_joint(small_space(), {2, 2, 2});
  EXPECT_EQ(rotary_positions(canvas), (Ids{0, 0, 0,  1, 0, 0,  2, 0, 0,  3, 0, 0,  3, 0, 1,
                                           3, 1, 0,  3, 1, 1,  4, 0, 0}));
}

}  // namespace
}  // namespace lacuna::fusion
