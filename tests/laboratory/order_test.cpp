#include "runtime/laboratory/order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "runtime/laboratory/control.h"

namespace lacuna::laboratory {
namespace {

TEST(PairDivergence, IsZeroForTheChainAndGrowsBothWays) {
  const PlantedChain chain({12, 40, 1.5, 3});
  Words words(4);
  std::vector<std::vector<int>> exact, constant, independent;
  for (int i = 0; i < 400; ++i) {
    exact.push_back(chain.sample([&](int) { return words.uniform(); }));
    constant.emplace_back(40, int(words.next() % 12));
    independent.emplace_back();
    for (int l = 0; l < 40; ++l) independent.back().push_back(int(words.next() % 12));
  }
  EXPECT_NEAR(pair_divergence(chain, exact), 0, 0.003);
  EXPECT_GT(pair_divergence(chain, constant), 0.5);
  EXPECT_GT(pair_divergence(chain, independent), 0.2);
}

TEST(Order, RefusesSizesThatItsSettingsDoNotFit) {
  OrderOptions options = OrderOptions::quick();
  options.chain.length = 20;
  EXPECT_THROW(run_order(options), std::invalid_argument);
  options = OrderOptions::quick();
  options.samples = 1;
  EXPECT_THROW(run_order(options), std::invalid_argument);
  EXPECT_FALSE(run_order(OrderOptions::quick(), [](int, int) { return false; }));
}

TEST(Order, ItsClaimsHoldInMiniature) {
  OrderOptions options = OrderOptions::quick();
  options.chain.states = 16;
  options.samples = 150;
  const auto report = run_order(options);
  ASSERT_TRUE(report);
  for (const Assertion& a : report->assertions) EXPECT_TRUE(a.holds) << a.name << ": " << a.evidence;
}

TEST(Control, ItsClaimsHoldOnTheChain) {
  ControlOptions options = ControlOptions::quick();
  options.samples = 60;
  const auto report = run_control(options, nullptr);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->assertions.size(), 3u);
  for (const Assertion& a : report->assertions) EXPECT_TRUE(a.holds) << a.name << ": " << a.evidence;
  options.pictures = 0;
  EXPECT_THROW(run_control(options, nullptr), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::laboratory
