#include "runtime/samplers/token_draw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace lacuna::samplers {
namespace {

std::vector<double> shares(const std::vector<float>& weights, const DrawOptions& draw) {
  std::vector<double> counts(weights.size(), 0);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) counts[std::size_t(draw_class(weights, draw, (i + 0.5) / kDraws))] += 1.0 / kDraws;
  return counts;
}

TEST(TokenDraw, FollowsTheWeights) {
  const std::vector<float> weights{0.2f, 0, 0.5f, 1.3f};
  const auto got = shares(weights, {});
  for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(got[i], weights[i] / 2.0, 1e-4);
}

TEST(TokenDraw, TemperatureTopKAndTopP) {
  const std::vector<float> weights{0.1f, 0.2f, 0.3f, 0.4f};
  EXPECT_EQ(draw_class(weights, {0.0f}, 0.01), 3);
  EXPECT_NEAR(shares(weights, {0.5f})[0], 0.01 / 0.30, 1e-4);
  EXPECT_NEAR(shares(weights, {1.0f, 1.0f, 2})[2], 3.0 / 7, 1e-4);
  EXPECT_EQ(shares(weights, {1.0f, 1.0f, 2})[1], 0);
  // 0.4 + 0.3 reach 0.6: the token that crosses is kept.
  EXPECT_NEAR(shares(weights, {1.0f, 1.0f, 0, 0.6f})[2], 3.0 / 7, 1e-4);
  EXPECT_EQ(shares(weights, {1.0f, 1.0f, 0, 0.6f})[1], 0);
}

TEST(TokenDraw, RefusesNoProbabilityAtAll) {
  EXPECT_THROW(draw_class(std::vector<float>{0, 0}, {}, 0.5), std::invalid_argument);
  EXPECT_THROW(draw_class({}, {}, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::samplers
