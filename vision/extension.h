#pragma once

#include <cstdint>

#include "vision/code_grid.h"

namespace lacuna::vision {

/// A picture that grows by pictures of the model's own size (Show-o's extrapolation): part of the old codes is kept at
/// the edge, the rest of a window is drawn, and the window takes the place of the kept part.
enum class Side : std::uint8_t { left, right, up, down };

/// Where a window lies on a picture: `kept` rows or columns of it are known.
struct Extension {
  Side side = Side::right;
  Size window;  // codes that the model draws at once
  int kept = 0;  // rows or columns, at least 1 and less than the window's

  /// Show-o's numbers: half of the window less `offset` is kept, so that an offset above 0 draws more anew.
  static Extension released(Side side, Size window, int offset);
};

/// The window: `unknown` where it is to be drawn, the edge of `known` elsewhere. Throws std::invalid_argument where the
/// picture's other axis is not the window's (a picture that grew to the side can only grow on along it), or nothing or
/// everything would be kept.
CodeGrid extension_window(const CodeGrid& known, const Extension& extension, std::int32_t unknown);
/// The larger picture: the drawn window, and of `known` what it does not show. Throws as extension_window.
CodeGrid extended(const CodeGrid& known, const CodeGrid& drawn, const Extension& extension);

}  // namespace lacuna::vision
