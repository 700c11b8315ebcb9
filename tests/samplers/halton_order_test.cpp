#include "runtime/samplers/halton_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace lacuna::samplers {
namespace {

TEST(HaltonOrder, StartsAsPublished) {
  const std::pair<int, int> first[] = {{8, 5}, {4, 10}, {12, 1}, {2, 7},  {10, 12}, {6, 3},
                                       {14, 8}, {1, 14}, {9, 0},  {5, 5}, {13, 11}, {3, 2}};
  const auto order = halton_order(16, 16);
  for (std::size_t i = 0; i < std::size(first); ++i) {
    EXPECT_EQ(order[i], first[i].first * 16 + first[i].second) << i;
  }
}

TEST(HaltonOrder, VisitsEveryCellOnce) {
  for (auto [height, width] : {std::pair{1, 1}, {1, 7}, {5, 3}, {16, 16}, {64, 64}}) {
    auto order = halton_order(height, width);
    std::vector<int> all(std::size_t(height * width));
    std::iota(all.begin(), all.end(), 0);
    std::ranges::sort(order);
    EXPECT_EQ(order, all) << height << " x " << width;
  }
}

}  // namespace
}  // namespace lacuna::samplers
