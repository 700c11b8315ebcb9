#include "vision/tiling.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lacuna::vision {

Image8 filled(Size size, Rgb8 colour) {
  Image8 out(size, 3);
  const auto bytes = out.bytes();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    bytes[i] = colour.r;
    bytes[i + 1] = colour.g;
    bytes[i + 2] = colour.b;
  }
  return out;
}

void paste(Image8& canvas, const Image8& picture, int top, int left) {
  if (canvas.has_alpha()) throw std::invalid_argument("[paste] expected a canvas of 3 channels");
  if (top < 0 || left < 0 || picture.height() > canvas.height() - top ||
      picture.width() > canvas.width() - left) {
    throw std::invalid_argument("[paste] expected a picture inside " + to_string(canvas.size()) +
                                ", got " + to_string(picture.size()) + " at row " +
                                std::to_string(top) + ", column " + std::to_string(left));
  }
  const Image8 opaque = on_white(picture);
  for (int y = 0; y < opaque.height(); ++y) {
    std::copy_n(opaque.pixel(y, 0), std::size_t(opaque.width()) * 3, canvas.pixel(top + y, left));
  }
}

void TileOptions::validate() const {
  if (columns < 0 || columns > 10'000) {
    throw std::invalid_argument("[TileOptions] expected columns in [0, 10000], got " +
                                std::to_string(columns));
  }
  if (margin < 0 || margin > 1'000) {
    throw std::invalid_argument("[TileOptions] expected margin in [0, 1000], got " +
                                std::to_string(margin));
  }
}

int square_columns(int count, Size cell) {
  int best = 1;
  double best_ratio = 0;
  for (int columns = 1; columns <= count; ++columns) {
    const double rows = (count + columns - 1) / columns;
    const double width = double(columns) * cell.width;
    const double height = rows * cell.height;
    const double ratio = std::min(width, height) / std::max(width, height);
    if (ratio >= best_ratio) {  // of two equally good ones the wider
      best = columns;
      best_ratio = ratio;
    }
  }
  return best;
}

Image8 tile(std::span<const Image8> pictures, const TileOptions& options) {
  options.validate();
  if (pictures.empty()) throw std::invalid_argument("[tile] expected at least one picture");
  Size cell;
  for (const Image8& picture : pictures) {
    cell.height = std::max(cell.height, picture.height());
    cell.width = std::max(cell.width, picture.width());
  }
  const int count = int(pictures.size());
  const int columns =
      options.columns > 0 ? std::min(options.columns, count) : square_columns(count, cell);
  const int rows = (count + columns - 1) / columns;
  const int step_x = cell.width + options.margin;
  const int step_y = cell.height + options.margin;
  Image8 sheet = filled({options.margin + rows * step_y, options.margin + columns * step_x},
                        options.background);
  for (int i = 0; i < count; ++i) {
    const Image8& picture = pictures[std::size_t(i)];
    paste(sheet, picture,
          options.margin + i / columns * step_y + (cell.height - picture.height()) / 2,
          options.margin + i % columns * step_x + (cell.width - picture.width()) / 2);
  }
  return sheet;
}

}  // namespace lacuna::vision
