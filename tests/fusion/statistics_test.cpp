#include "fusion/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace lacuna::fusion {
namespace {

TEST(MeanError, IsTheTextbooks) {
  const MeanError m = mean_error(std::vector{1.0, 2.0, 3.0, 4.0});
  EXPECT_DOUBLE_EQ(m.mean, 2.5);
  EXPECT_NEAR(m.error, 1.2909944487 / 2, 1e-9);
  EXPECT_EQ(mean_error(std::vector{7.0}).error, 0);
  EXPECT_THROW(mean_error({}), std::invalid_argument);
}

TEST(PairedDifference, LeavesOutWhatIsCommon) {
  const std::vector<double> a{10, 20, 31}, b{9, 19, 30};
  EXPECT_DOUBLE_EQ(paired_difference(a, b).mean, 1);
  EXPECT_NEAR(paired_difference(a, b).error, 0, 1e-12);
  EXPECT_DOUBLE_EQ(paired_difference(b, a).mean, -1);
  EXPECT_GT(mean_error(a).error, 5);
  EXPECT_THROW(paired_difference(a, std::vector{1.0}), std::invalid_argument);
}

TEST(UnigramEntropy, CountsKinds) {
  EXPECT_DOUBLE_EQ(unigram_entropy(std::vector{3, 3, 3}), 0);
  EXPECT_NEAR(unigram_entropy(std::vector{0, 1, 2, 3}), std::log(4.0), 1e-12);
  EXPECT_NEAR(unigram_entropy(std::vector{5, 5, 5, 9}), 0.75 * std::log(4 / 3.0) + 0.25 * std::log(4.0), 1e-12);
}

}  // namespace
}  // namespace lacuna::fusion
