#include "vision/contact_sheet.h"

#include <algorithm>
#include <vector>

#include "vision/colour.h"
#include "vision/image_limits.h"
#include "vision/lettering.h"
#include "vision/resize.h"

namespace lacuna::vision {

namespace {

constexpr int kGapAboveCaption = 6;

void check_range(int value, int low, int high, const char* field) {
  if (value < low || value > high) {
    throw std::invalid_argument(std::string("[ContactSheetOptions] expected ") + field + " in [" +
                                std::to_string(low) + ", " + std::to_string(high) + "], got " +
                                std::to_string(value));
  }
}

/// The picture scaled so that its longer side is `side`.
Image8 thumbnail(const Image8& picture, int side, Rgb8 background) {
  const Area shown = letterbox(picture.size(), {side, side}).target_area;
  return resize(on_ground(picture, background), shown.size());
}

}  // namespace

void ContactSheetOptions::validate() const {
  check_range(columns, 0, 10'000, "columns");
  check_range(tile_side, 8, 4'096, "tile_side");
  check_range(margin, 0, 1'000, "margin");
  check_range(text_height, 4, 256, "text_height");
  check_range(caption_lines, 0, 16, "caption_lines");
}

Image8 contact_sheet(std::span<const SheetTile> tiles, const ContactSheetOptions& options) {
  options.validate();
  if (tiles.empty()) throw std::invalid_argument("[contact_sheet] expected at least one tile");
  const Lettering lettering{options.text_height, options.ink};
  const Lettering title{options.text_height * 3 / 2, options.ink};
  const int side = options.tile_side;

  std::vector<std::vector<std::string>> captions;
  std::size_t lines = 0;
  for (const SheetTile& tile : tiles) {
    captions.push_back(
        wrap_text(plain_letters(tile.caption), side, options.caption_lines, lettering));
    lines = std::max(lines, captions.back().size());
  }
  const int caption_height =
      lines == 0 ? 0 : kGapAboveCaption + int(lines) * line_height(lettering);
  const Size cell{side + caption_height + options.margin, side + options.margin};
  const int count = int(tiles.size());
  const int columns =
      options.columns > 0 ? std::min(options.columns, count) : square_columns(count, cell);
  const int rows = (count + columns - 1) / columns;
  const int title_height = options.title.empty() ? 0 : line_height(title) + options.margin / 2;
  const std::int64_t height =
      std::int64_t(options.margin) + title_height + std::int64_t(rows) * cell.height;
  const std::int64_t width = std::int64_t(options.margin) + std::int64_t(columns) * cell.width;
  if (height * width > ImageLimits::kPixelCeiling) {
    throw std::invalid_argument("[contact_sheet] expected at most 2^27 pixels, got " +
                                std::to_string(width) + "x" + std::to_string(height));
  }

  Image8 sheet = filled({int(height), int(width)}, options.background);
  for (const std::string& line :
       wrap_text(plain_letters(options.title), int(width) - 2 * options.margin, 1, title)) {
    draw_text(sheet, line, options.margin, options.margin, title);
  }
  for (int i = 0; i < count; ++i) {
    const int top = options.margin + title_height + i / columns * cell.height;
    const int left = options.margin + i % columns * cell.width;
    const Image8 picture = thumbnail(tiles[std::size_t(i)].picture, side, options.background);
    paste(sheet, picture, top + (side - picture.height()) / 2, left + (side - picture.width()) / 2);
    int line_top = top + side + kGapAboveCaption;
    for (const std::string& line : captions[std::size_t(i)]) {
      draw_text(sheet, line, line_top, left + (side - text_width(line, lettering)) / 2, lettering);
      line_top += line_height(lettering);
    }
  }
  return sheet;
}

}  // namespace lacuna::vision
