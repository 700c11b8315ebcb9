#pragma once

#include <span>
#include <string>

#include "vision/image.h"
#include "vision/tiling.h"

namespace lacuna::vision {

/// One picture of a contact sheet with the words under it (UTF-8; the letters drawn are ASCII,
/// others appear as '?').
struct SheetTile {
  Image8 picture;
  std::string caption = {};
};

struct ContactSheetOptions {
  int columns = 0;         ///< 0: as many as make the sheet nearest to a square
  int tile_side = 128;     ///< pictures are scaled to fit a square of this many pixels
  int margin = 12;         ///< pixels between tiles and around them
  int text_height = 10;    ///< height of a capital letter in pixels
  int caption_lines = 3;   ///< captions are wrapped to the tile's width; more is cut with "..."
  std::string title = {};  ///< one line above all tiles, a little larger; none where empty
  Rgb8 background = {};
  Rgb8 ink{60, 60, 64};

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The tiles in rows with their captions centred under them. Rows for captions are left out where
/// all are empty. Throws std::invalid_argument where there is no tile, where a picture is empty, or
/// where the sheet would pass 2^27 pixels.
Image8 contact_sheet(std::span<const SheetTile> tiles, const ContactSheetOptions& options = {});

}  // namespace lacuna::vision
