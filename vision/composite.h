#pragma once

#include "vision/code_grid.h"
#include "vision/image.h"

namespace lacuna::vision {

struct CompositeOptions {
  /// Width in pixels of the soft edge, which lies strictly inside the mask: there the generated
  /// picture comes in linearly with the distance from the nearest pixel that is kept. 0: hard edge.
  int feather = 0;

  /// Throws std::invalid_argument outside [0, 4096].
  void validate() const;
};

/// The generated pixels inside the mask, the original ones outside: there every byte of every
/// channel is the original's. The result has the original's channels; inside the mask alpha turns
/// opaque with the same weight. `generated` has 3 channels or its alpha is not looked at.
/// Throws std::invalid_argument where the three sizes differ, naming them.
Image8 composite(const Image8& original, const Image8& generated, const PixelMask& mask,
                 const CompositeOptions& options = {});

}  // namespace lacuna::vision
