#include "fusion/masking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

namespace lacuna::fusion {
namespace {

TEST(Masking, ExactlyAsManyAsAsked) {
  for (int length : {1, 5, 33, 256}) {
    for (int count : {0, 1, length / 2, length}) {
      const auto positions = mask_exactly({3, 1, 2}, length, count);
      EXPECT_EQ(int(positions.size()), count);
      EXPECT_TRUE(std::ranges::is_sorted(positions));
      EXPECT_EQ(std::ranges::adjacent_find(positions), positions.end());
      for (int p : positions) EXPECT_TRUE(p >= 0 && p < length);
    }
  }
  EXPECT_THROW(mask_exactly({}, 4, 5), std::invalid_argument);
  EXPECT_THROW(mask_exactly({}, 4, -1), std::invalid_argument);
}

TEST(Masking, EverySubsetIsEquallyLikely) {
  // 10 subsets of 2 out of 5; chi-square with 9 degrees of freedom stays below 27.9 in 99.9 % of cases.
  std::map<std::vector<int>, int> seen;
  constexpr int kDraws = 20000;
  for (std::uint32_t i = 0; i < kDraws; ++i) ++seen[mask_exactly({11, 0, i}, 5, 2)];
  ASSERT_EQ(seen.size(), 10u);
  double chi2 = 0;
  for (const auto& [subset, count] : seen) chi2 += std::pow(count - kDraws / 10.0, 2) / (kDraws / 10.0);
  EXPECT_LT(chi2, 27.9);
}

TEST(Masking, IndependentMasksHaveTheAskedRate) {
  double total = 0;
  for (std::uint32_t i = 0; i < 2000; ++i) total += double(mask_independently({5, 0, i}, 100, 0.3).size());
  EXPECT_NEAR(total / 200000, 0.3, 0.005);
}

TEST(Masking, IsAPureFunctionOfItsKey) {
  EXPECT_EQ(mask_exactly({1, 2, 3}, 64, 20), mask_exactly({1, 2, 3}, 64, 20));
  EXPECT_NE(mask_exactly({1, 2, 3}, 64, 20), mask_exactly({1, 2, 4}, 64, 20));
  EXPECT_NE(mask_exactly({1, 2, 3}, 64, 20), mask_exactly({1, 3, 3}, 64, 20));
  EXPECT_NE(mask_exactly({1, 2, 3}, 64, 20), mask_exactly({2, 2, 3}, 64, 20));
}

TEST(Masking, StratifiedTimesFallOneIntoEachStratum) {
  for (std::uint32_t i = 0; i < 16; ++i) {
    const double t = stratified_time(9, 4, i, 16);
    EXPECT_GT(t, i / 16.0);
    EXPECT_LT(t, (i + 1) / 16.0);
  }
}

}  // namespace
}  // namespace lacuna::fusion
