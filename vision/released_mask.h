#pragma once

#include <span>
#include <vector>

#include "vision/code_grid.h"

namespace lacuna::vision {

/// Show-o's way from a mask in pixels (values 0 to 1, row-major [size]) to codes: bicubic interpolation at the centres of
/// the codes' cells (a = -0.75, edges repeated, nothing averaged), so that a fine mask can slip between the samples. Use
/// code_mask where that is not wanted. Row-major [grid].
std::vector<float> sample_bicubic(std::span<const float> pixels, Size size, Size grid);

/// Cells at which sample_bicubic is at least 0.5 are drawn anew. Throws std::invalid_argument for another number of
/// pixels or an empty grid.
CodeMask released_code_mask(std::span<const float> pixels, Size size, Size grid);

}  // namespace lacuna::vision
