#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "vision/image.h"

namespace lacuna::vision {

/// A row-major [height, width] grid of one value a cell.
template <typename T>
class Grid {
 public:
  Grid() = default;
  /// Throws std::invalid_argument on a negative size.
  explicit Grid(Size size, T fill = T{})
      : size_(size), cells_(detail::checked_elements(size, 1, "Grid"), fill) {}
  /// Takes `cells` as [height, width]. Throws std::invalid_argument on another element count.
  Grid(Size size, std::vector<T> cells) : size_(size), cells_(std::move(cells)) {
    if (cells_.size() != detail::checked_elements(size, 1, "Grid")) {
      throw std::invalid_argument("[Grid] expected one value for each cell of " + to_string(size) +
                                  ", got " + std::to_string(cells_.size()));
    }
  }

  Size size() const { return size_; }
  int height() const { return size_.height; }
  int width() const { return size_.width; }
  /// height * width.
  std::size_t count() const { return cells_.size(); }
  bool empty() const { return cells_.empty(); }

  /// All cells in row-major order: the order in which they stand in a canvas.
  std::span<T> cells() { return cells_; }
  std::span<const T> cells() const { return cells_; }

  /// Unchecked access; 0 <= y < height, 0 <= x < width.
  T& at(int y, int x) { return cells_[index(y, x)]; }
  const T& at(int y, int x) const { return cells_[index(y, x)]; }

  bool operator==(const Grid&) const = default;

 private:
  std::size_t index(int y, int x) const {
    return std::size_t(y) * std::size_t(size_.width) + std::size_t(x);
  }

  Size size_;
  std::vector<T> cells_;
};

/// Image codes [h, w], each in [0, codebook size).
using CodeGrid = Grid<std::int32_t>;

/// Pixels of a picture, 1 = repaint, 0 = keep.
struct PixelMask : Grid<std::uint8_t> {
  using Grid::Grid;
};

/// Codes of a picture, 1 = masked (to be repainted, or not yet drawn), 0 = known.
struct CodeMask : Grid<std::uint8_t> {
  using Grid::Grid;
};

/// How many cells of a mask are set.
inline std::size_t count_set(const Grid<std::uint8_t>& mask) {
  return std::size_t(std::count_if(mask.cells().begin(), mask.cells().end(),
                                   [](std::uint8_t cell) { return cell != 0; }));
}

/// Throws std::invalid_argument, naming the first bad code, unless all are in [0, codebook_size).
inline void validate_codes(const CodeGrid& codes, std::int32_t codebook_size) {
  const auto cells = codes.cells();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] < 0 || cells[i] >= codebook_size) {
      throw std::invalid_argument("[validate_codes] expected codes in [0, " +
                                  std::to_string(codebook_size) + "), got " +
                                  std::to_string(cells[i]) + " at cell " + std::to_string(i));
    }
  }
}

}  // namespace lacuna::vision
