#pragma once

#include "vision/code_grid.h"
#include "vision/image.h"
#include "vision/tiling.h"

namespace lacuna::vision {

struct PreviewOptions {
  /// The shorter side of the preview in pixels at least: small pictures are enlarged by a whole
  /// factor. 0: never enlarged.
  int min_side = 256;
  Rgb8 hatch_ground{236, 236, 238};
  Rgb8 hatch_line{196, 197, 202};

  /// Throws std::invalid_argument outside [0, 4096].
  void validate() const;
};

/// What has been drawn so far: the decoded picture, with the cells of the codes that are still
/// masked covered by a hatch of diagonal lines that runs on from cell to cell.
/// Throws std::invalid_argument where the picture's sides are not multiples of the mask's.
Image8 draw_preview(const Image& decoded, const CodeMask& still_masked,
                    const PreviewOptions& options = {});

}  // namespace lacuna::vision
