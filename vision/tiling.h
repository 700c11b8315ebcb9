#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "vision/image.h"

namespace lacuna::vision {

/// An exact colour.
struct Rgb8 {
  std::uint8_t r = 255;
  std::uint8_t g = 255;
  std::uint8_t b = 255;
  bool operator==(const Rgb8&) const = default;
};

/// A picture of one colour.
Image8 filled(Size size, Rgb8 colour);

/// Copies `picture` (composed on white) onto `canvas`, which has 3 channels, its corner at (top,
/// left). Throws std::invalid_argument where it does not fit inside.
void paste(Image8& canvas, const Image8& picture, int top, int left);

struct TileOptions {
  int columns = 0;  ///< 0: as many as make the sheet nearest to a square
  int margin = 4;   ///< pixels between pictures and around them
  Rgb8 background = {};

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The pictures in rows, each centred in a cell of the largest height and width among them.
/// Without letters and without libraries. Throws std::invalid_argument where there are none.
Image8 tile(std::span<const Image8> pictures, const TileOptions& options = {});

/// The columns that make `count` cells of the given size the nearest to a square, at least 1.
int square_columns(int count, Size cell);

}  // namespace lacuna::vision
