#include "runtime/samplers/halton_order.h"

#include <cstdint>

namespace lacuna::samplers {
namespace {

/// floor(cells * radical_inverse(index, base)), the digits of `index` mirrored at the point.
int halton_cell(std::uint64_t index, std::uint64_t base, int cells) {
  std::uint64_t numerator = 0, denominator = 1;
  for (; index > 0; index /= base) {
    numerator = numerator * base + index % base;
    denominator *= base;
  }
  return int(std::uint64_t(cells) * numerator / denominator);
}

}  // namespace

std::vector<int> halton_order(int height, int width) {
  const auto cells = std::size_t(height) * std::size_t(width);
  std::vector<bool> seen(cells, false);
  std::vector<int> order;
  for (std::uint64_t i = 1; order.size() < cells; ++i) {
    const int cell = halton_cell(i, 2, height) * width + halton_cell(i, 3, width);
    if (seen[std::size_t(cell)]) continue;
    seen[std::size_t(cell)] = true;
    order.push_back(cell);
  }
  return order;
}

}  // namespace lacuna::samplers
