#include "vision/contact_sheet.h"

#include <gtest/gtest.h>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;

TEST(ContactSheet, TilesLieInAGridOfTheirColours) {
  std::vector<SheetTile> tiles;
  for (int i = 0; i < 5; ++i) {
    tiles.push_back({filled({64, 64}, {std::uint8_t(40 * i), 0, 0}), ""});
  }
  const Image8 sheet = contact_sheet(tiles, {.columns = 3, .tile_side = 32, .margin = 8});
  EXPECT_EQ(sheet.size(), (Size{8 + 2 * 40, 8 + 3 * 40}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(sheet.pixel(8 + i / 3 * 40 + 16, 8 + i % 3 * 40 + 16)[0], 40 * i);
  }
  EXPECT_EQ(sheet.pixel(8 + 40 + 16, 8 + 2 * 40 + 16)[0], 255);
  EXPECT_EQ(sheet.pixel(4, 4)[0], 255);
}

TEST(ContactSheet, PicturesKeepTheirShape) {
  const std::vector<SheetTile> tiles = {{filled({10, 40}, {0, 0, 0}), ""}};
  const Image8 sheet = contact_sheet(tiles, {.tile_side = 40, .margin = 0});
  EXPECT_EQ(sheet.pixel(20, 1)[0], 0);
  EXPECT_EQ(sheet.pixel(14, 20)[0], 255);
  EXPECT_EQ(sheet.pixel(26, 20)[0], 255);
}

TEST(ContactSheet, CaptionsMakeRoomAndAreDrawn) {
  std::vector<SheetTile> tiles = {{filled({32, 32}, {}), ""}, {filled({32, 32}, {}), ""}};
  const Image8 bare = contact_sheet(tiles, {.columns = 2});
  tiles[0].caption = "3d emoji: goat";
  const Image8 sheet = contact_sheet(tiles, {.columns = 2});
  EXPECT_GT(sheet.height(), bare.height());
  int dark = 0;
  for (int y = 0; y < sheet.height(); ++y) {
    for (int x = 0; x < sheet.width(); ++x) {
      if (sheet.pixel(y, x)[0] > 150) continue;
      ++dark;
      EXPECT_GT(y, 12 + 128);      // under the first tile
      EXPECT_LT(x, 12 + 128 + 2);  // and not beside it
    }
  }
  EXPECT_GT(dark, 50);
  EXPECT_EQ(sheet, contact_sheet(tiles, {.columns = 2}));
  EXPECT_GT(contact_sheet(tiles, {.columns = 2, .title = "Title"}).height(), sheet.height());
}

TEST(ContactSheet, BadInputIsRefused) {
  EXPECT_THROW(contact_sheet({}), std::invalid_argument);
  const std::vector<SheetTile> empty = {{Image8(), ""}};
  EXPECT_THROW(contact_sheet(empty), std::invalid_argument);
  const std::vector<SheetTile> one = {{filled({4, 4}, {}), ""}};
  EXPECT_THROW(contact_sheet(one, {.tile_side = 4}), std::invalid_argument);
  EXPECT_THROW(contact_sheet(one, {.text_height = 1}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vision
