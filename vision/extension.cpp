#include "vision/extension.h"

#include <stdexcept>
#include <string>

namespace lacuna::vision {
namespace {

bool sideways(Side side) { return side == Side::left || side == Side::right; }
/// Whether the window lies before the old codes on its axis.
bool before(Side side) { return side == Side::left || side == Side::up; }

/// Length of the axis that grows, of a size.
int along(Size size, Side side) { return sideways(side) ? size.width : size.height; }

void check(const CodeGrid& known, const Extension& e) {
  const int across = sideways(e.side) ? known.height() : known.width();
  const int wanted = sideways(e.side) ? e.window.height : e.window.width;
  if (across != wanted) {
    throw std::invalid_argument("[extension] expected a picture of " + std::to_string(wanted) +
                                " codes across the direction of growth, the model's size, got " +
                                std::to_string(across));
  }
  if (e.kept < 1 || e.kept >= along(e.window, e.side) || e.kept > along(known.size(), e.side)) {
    throw std::invalid_argument("[extension] expected to keep from 1 to " +
                                std::to_string(along(e.window, e.side) - 1) + " rows or columns of codes, got " +
                                std::to_string(e.kept));
  }
}

/// Copies `grid` into `target` with its first row and column at the given place; what lies outside is left out.
void paste(const CodeGrid& grid, int top, int left, CodeGrid& target) {
  for (int y = 0; y < grid.height(); ++y) {
    for (int x = 0; x < grid.width(); ++x) {
      const int ty = top + y, tx = left + x;
      if (ty < 0 || tx < 0 || ty >= target.height() || tx >= target.width()) continue;
      target.at(ty, tx) = grid.at(y, x);
    }
  }
}

/// Where the old codes start on the growing axis of the window.
int offset_in_window(const CodeGrid& known, const Extension& e) {
  return before(e.side) ? along(e.window, e.side) - e.kept : e.kept - along(known.size(), e.side);
}

}  // namespace

Extension Extension::released(Side side, Size window, int offset) {
  return {side, window, along(window, side) / 2 - offset};
}

CodeGrid extension_window(const CodeGrid& known, const Extension& e, std::int32_t unknown) {
  check(known, e);
  CodeGrid window(e.window, unknown);
  const int at = offset_in_window(known, e);
  paste(known, sideways(e.side) ? 0 : at, sideways(e.side) ? at : 0, window);
  return window;
}

CodeGrid extended(const CodeGrid& known, const CodeGrid& drawn, const Extension& e) {
  check(known, e);
  if (!(drawn.size() == e.window)) {
    throw std::invalid_argument("[extension] expected a window of " + to_string(e.window) + " codes, got " +
                                to_string(drawn.size()));
  }
  const int grown = along(known.size(), e.side) + along(e.window, e.side) - e.kept;
  CodeGrid result(sideways(e.side) ? Size{known.height(), grown} : Size{grown, known.width()});
  const int old_at = before(e.side) ? along(e.window, e.side) - e.kept : 0;
  const int new_at = before(e.side) ? 0 : along(known.size(), e.side) - e.kept;
  paste(known, sideways(e.side) ? 0 : old_at, sideways(e.side) ? old_at : 0, result);
  paste(drawn, sideways(e.side) ? 0 : new_at, sideways(e.side) ? new_at : 0, result);
  return result;
}

}  // namespace lacuna::vision
