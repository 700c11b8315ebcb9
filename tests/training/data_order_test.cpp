#include "fusion/training/data_order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace lacuna::training {
namespace {

TEST(DataOrder, EveryEpochIsAPermutationAndNoTwoAreEqual) {
  for (const std::int64_t n : {1, 2, 5, 33, 257, 1000}) {
    const DataOrder order(7, std::vector<float>(std::size_t(n), 2.5f));
    std::vector<std::int64_t> first, second;
    for (std::int64_t p = 0; p < n; ++p) first.push_back(order.at(std::uint64_t(p)));
    for (std::int64_t p = n; p < 2 * n; ++p) second.push_back(order.at(std::uint64_t(p)));
    for (const auto& epoch : {first, second}) {
      const std::set<std::int64_t> seen(epoch.begin(), epoch.end());
      EXPECT_EQ(std::int64_t(seen.size()), n);
      EXPECT_GE(*seen.begin(), 0);
      EXPECT_LT(*seen.rbegin(), n);
    }
    if (n > 5) {
      EXPECT_NE(first, second);
    }
  }
}

TEST(DataOrder, DependsOnSeedAndPositionAlone) {
  const std::vector<float> weights(100, 1.0f);
  const DataOrder a(1, weights), b(1, weights), c(2, weights);
  int differ = 0;
  for (std::uint64_t p = 300; p-- > 0;) {
    EXPECT_EQ(a.at(p), b.at(p));
    differ += a.at(p) != c.at(p);
  }
  EXPECT_GT(differ, 200);
}

TEST(DataOrder, FollowsWeights) {
  const DataOrder order(3, {1.0f, 0.0f, 3.0f, 4.0f});
  double counts[4] = {};
  constexpr int kDraws = 20000;
  for (int p = 0; p < kDraws; ++p) counts[order.at(std::uint64_t(p))] += 1;
  EXPECT_EQ(counts[1], 0);
  for (const auto& [index, share] : {std::pair{0, 0.125}, {2, 0.375}, {3, 0.5}}) {
    EXPECT_NEAR(counts[index] / kDraws, share, 5 * std::sqrt(share * (1 - share) / kDraws));
  }
}

TEST(DataOrder, NeedsSomethingToDraw) {
  EXPECT_THROW(DataOrder(0, {}), std::invalid_argument);
  EXPECT_THROW(DataOrder(0, {0.0f, 0.0f}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::training
