#include "runtime/evaluation/statistics.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace lacuna::evaluation {
namespace {

TEST(Share, HasWilsonsInterval) {
  const Estimate half = share(50, 100);  // 0.4038..0.5962, Wilson 1927
  EXPECT_DOUBLE_EQ(half.value, 0.5);
  EXPECT_NEAR(half.low, 0.40383, 1e-5);
  EXPECT_NEAR(half.high, 0.59617, 1e-5);
  EXPECT_NEAR(share(0, 10).low, 0.0, 1e-12);
  EXPECT_GT(share(0, 10).high, 0.2);
  EXPECT_NEAR(share(10, 10).high, 1.0, 1e-12);
}

TEST(Share, RefusesImpossibleCounts) {
  EXPECT_THROW(share(1, 0), std::invalid_argument);
  EXPECT_THROW(share(3, 2), std::invalid_argument);
  EXPECT_THROW(share(-1, 2), std::invalid_argument);
}

TEST(Mean, HasTheNormalInterval) {
  const Estimate m = mean(std::vector{1.0, 2.0, 3.0, 4.0});
  EXPECT_DOUBLE_EQ(m.value, 2.5);
  EXPECT_NEAR(m.high - m.value, 1.95996 * 1.290994 / 2, 1e-4);
  EXPECT_DOUBLE_EQ(mean(std::vector{7.0}).low, 7.0);
  EXPECT_THROW(mean({}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::evaluation
