#include "fusion/masked_diffusion_loss.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace lacuna::fusion {
namespace {

constexpr int kLength = 5;

/// A time-independent "network": the cross-entropy of a position depends on which positions are visible, in
/// some arbitrary but fixed way.
float cross_entropy(int position, unsigned masked) {
  return 0.3f + 0.17f * float(position) + 0.05f * float((masked * 2654435761u >> (3 * position)) & 15u);
}

std::vector<float> cross_entropies(unsigned masked) {
  std::vector<float> values;
  for (int i = 0; i < kLength; ++i) {
    if (masked >> i & 1) values.push_back(cross_entropy(i, masked));
  }
  return values;
}

double binomial(int n, int k) { return std::tgamma(n + 1) / std::tgamma(k + 1) / std::tgamma(n - k + 1); }

/// Expectation of the token-count loss over all n and all subsets of size n.
double expected_token_count() {
  double total = 0;
  for (unsigned masked = 1; masked < 1u << kLength; ++masked) {
    const int n = std::popcount(masked);
    total += token_count_loss(cross_entropies(masked), kLength) / kLength / binomial(kLength, n);
  }
  return total;
}

/// Expectation of the continuous-time loss over t (midpoint rule) and all subsets.
double expected_continuous(const NoiseSchedule& schedule) {
  constexpr int kPoints = 200000;
  std::vector<double> by_mask(1u << kLength, 0.0);
  double total = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double t = (i + 0.5) / kPoints;
    const double m = schedule.mask_rate(t);
    for (unsigned masked = 1; masked < 1u << kLength; ++masked) {
      const int n = std::popcount(masked);
      if (i == 0) by_mask[masked] = continuous_time_loss(cross_entropies(masked), NoiseSchedule(), 1.0);
      total += std::pow(m, n) * std::pow(1 - m, kLength - n) * schedule.elbo_weight(t) * by_mask[masked];
    }
  }
  return total / kPoints;
}

TEST(MaskedDiffusionLoss, BothFormsAreEqualInExpectationForEverySchedule) {
  const double token_count = expected_token_count();
  for (std::string_view name : NoiseSchedule::names()) {
    // The integrand of arccos has an integrable pole at t = 1, which the midpoint rule meets slowly.
    EXPECT_NEAR(expected_continuous(NoiseSchedule::named(name)), token_count, 0.004 * token_count) << name;
  }
}

TEST(MaskedDiffusionLoss, TokenCountWeighsEachTokenByLengthOverCount) {
  EXPECT_NEAR(token_count_loss(std::vector{1.0f, 3.0f}, 8), 16.0, 1e-6);
  EXPECT_THROW(token_count_loss({}, 8), std::invalid_argument);
}

TEST(MaskedDiffusionLoss, ContinuousFormIsZeroWhenNothingIsMasked) {
  EXPECT_EQ(continuous_time_loss({}, NoiseSchedule(), 0.5), 0.0);
  EXPECT_NEAR(continuous_time_loss(std::vector{1.0f, 3.0f}, NoiseSchedule(), 0.5), 8.0, 1e-6);
}

}  // namespace
}  // namespace lacuna::fusion
