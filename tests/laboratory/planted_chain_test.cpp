#include "runtime/laboratory/planted_chain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace lacuna::laboratory {
namespace {

/// Every sequence of `states` states, in counting order.
std::vector<std::vector<int>> all_sequences(int states, int length) {
  std::vector<std::vector<int>> all{{}};
  for (int l = 0; l < length; ++l) {
    std::vector<std::vector<int>> longer;
    for (const auto& sequence : all) {
      for (int s = 0; s < states; ++s) {
        longer.push_back(sequence);
        longer.back().push_back(s);
      }
    }
    all = std::move(longer);
  }
  return all;
}

TEST(PlantedChain, ProbabilitiesOfAllSequencesSumToOneAndGiveItsEntropy) {
  const PlantedChain chain({4, 5, 2.0, 3});
  double total = 0, entropy = 0;
  for (const auto& sequence : all_sequences(4, 5)) {
    const double loss = chain.negative_log_likelihood(sequence);
    total += std::exp(-loss);
    entropy += std::exp(-loss) * loss;
  }
  EXPECT_NEAR(total, 1, 1e-10);
  EXPECT_NEAR(entropy, chain.entropy(), 1e-9);
}

TEST(PlantedChain, PosteriorsAreThoseOfEnumeration) {
  const PlantedChain chain({3, 5, 1.5, 9});
  const std::vector<std::vector<int>> known{{-1, -1, -1, -1, -1}, {-1, 2, -1, -1, 0}, {1, -1, -1, -1, -1},
                                            {-1, -1, -1, 1, -1},  {0, -1, 1, -1, 2}};
  for (const auto& visible : known) {
    for (int l = 0; l < 5; ++l) {
      if (visible[std::size_t(l)] >= 0) continue;
      std::vector<double> expected(3, 0), got(3);
      for (const auto& sequence : all_sequences(3, 5)) {
        bool fits = true;
        for (int i = 0; i < 5; ++i) fits = fits && (visible[std::size_t(i)] < 0 || visible[std::size_t(i)] == sequence[std::size_t(i)]);
        if (fits) expected[std::size_t(sequence[std::size_t(l)])] += std::exp(-chain.negative_log_likelihood(sequence));
      }
      const double total = std::accumulate(expected.begin(), expected.end(), 0.0);
      chain.posterior(visible, l, got);
      for (int s = 0; s < 3; ++s) EXPECT_NEAR(got[std::size_t(s)], expected[std::size_t(s)] / total, 1e-9);
    }
  }
}

TEST(PlantedChain, RefusesSizesOutOfRange) {
  EXPECT_THROW(PlantedChain({1, 4, 1, 1}), std::invalid_argument);
  EXPECT_THROW(PlantedChain({4, 0, 1, 1}), std::invalid_argument);
  EXPECT_THROW(PlantedChain({4, 4, -1, 1}), std::invalid_argument);
  EXPECT_THROW(PlantedChain({1000, 1000, 1, 1}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::laboratory
