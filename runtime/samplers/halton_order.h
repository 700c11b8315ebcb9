#pragma once

#include <vector>

namespace lacuna::samplers {

/// The cells of a height x width grid in the order of the Halton sequence with bases 2 (rows) and 3 (columns):
/// points 1, 2, ... are mapped to cells, repeats left out, until every cell has come (Halton-MaskGIT,
/// arXiv 2503.17076). Element i is the row-major index of the i-th cell. Computed in integers.
std::vector<int> halton_order(int height, int width);

}  // namespace lacuna::samplers
