#pragma once

#include "vision/image.h"

namespace lacuna::vision {

/// Sizes of about one area: whole square patches, as many as fit into `patches` for each width, no side longer than
/// `longest` times the other.
struct ShapeRange {
  int patches = 1;
  int patch_side = 1;  // pixels
  double longest = 4.0;
};

/// The one of them whose shape is nearest to the picture's (the ratio of the two scales that would fit its sides is nearest
/// to 1); of several the widest, then the highest. Throws std::invalid_argument for sides or numbers below 1.
Size nearest_shape(Size picture, const ShapeRange& range);

}  // namespace lacuna::vision
