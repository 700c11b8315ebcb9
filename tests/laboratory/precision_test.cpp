#include "runtime/laboratory/precision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace lacuna::laboratory {
namespace {

TEST(Gumbel, TheTruncatedLawIsThePublishedOne) {
  // pi and the closed form at 5 bits, delta = 0.03175.
  const std::vector<double> p{0.02, 0.08, 0.15, 0.25, 0.5}, law = truncated_gumbel_law(p, 5);
  const double expected[] = {0.00479, 0.06243, 0.14032, 0.25374, 0.53872};
  for (std::size_t k = 0; k < p.size(); ++k) EXPECT_NEAR(law[k], expected[k], 1e-5);
}

TEST(Gumbel, TruncatedDrawsFollowTheLawAndCoarseOnesLoseLess) {
  const std::vector<double> p{0.5, 0.02, 0.25, 0.08, 0.15};
  const auto law = truncated_gumbel_law(p, 5);
  constexpr int kDraws = 400'000;
  const auto shares = [&](Uniforms uniforms) {
    Words words(11);
    std::vector<double> counts(p.size(), 0);
    for (int i = 0; i < kDraws; ++i) counts[std::size_t(gumbel_draw(p, uniforms, 5, words))] += 1.0 / kDraws;
    return counts;
  };
  const auto truncated = shares(Uniforms::truncated), coarse = shares(Uniforms::coarse), fine = shares(Uniforms::fine);
  const double coarse_law[] = {0.51566, 0.00948, 0.25572, 0.07174, 0.14740};
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double error = 4.5 * std::sqrt(p[k] / kDraws);
    EXPECT_NEAR(truncated[k], law[k], error);
    EXPECT_NEAR(fine[k], p[k], error);
    EXPECT_NEAR(coarse[k], coarse_law[k], error + 2e-4);
  }
}

TEST(Gumbel, AtSmallStepsRareTokensSurviveAsPredicted) {
  // Eight equal classes beside a mask of 1 - eps, 12 bits, r = delta / (eps mu): exp(-r) and r / (exp(r) - 1).
  const double delta = std::ldexp(1.0, -12);
  for (double r : {0.5, 1.0}) {
    const double eps = delta * 8 / r;
    std::vector<double> weights(9, eps / 8);
    weights[8] = 1 - eps;
    for (Uniforms uniforms : {Uniforms::truncated, Uniforms::coarse}) {
      Words words(5);
      constexpr int kDraws = 1'000'000;
      int revealed = 0;
      for (int i = 0; i < kDraws; ++i) revealed += gumbel_draw(weights, uniforms, 12, words) < 8;
      const double predicted = uniforms == Uniforms::truncated ? std::exp(-r) : r / (std::exp(r) - 1);
      EXPECT_NEAR(revealed / (eps * kDraws), predicted, 0.06) << r;
    }
  }
}

TEST(Precision, HasThePublishedShapeInMiniature) {
  PrecisionOptions options = PrecisionOptions::quick();
  options.chain.states = options.chain.length = 24;
  options.bits = 10;
  options.steps = {4, 32, 256};
  options.samples = 120;
  const auto report = run_precision(options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rows.size(), 3u * 4 + 3);
  EXPECT_EQ(report->assertions.size(), 6u);
  for (const Assertion& a : report->assertions) EXPECT_TRUE(a.holds) << a.name << ": " << a.evidence;
}

TEST(Precision, StopsWhereItIsToldAndRefusesBadOptions) {
  PrecisionOptions options = PrecisionOptions::quick();
  EXPECT_FALSE(run_precision(options, [](int, int) { return false; }));
  options.steps = {8, 4};
  EXPECT_THROW(run_precision(options), std::invalid_argument);
  options = PrecisionOptions::quick();
  options.bits = 60;
  EXPECT_THROW(run_precision(options), std::invalid_argument);
  options = PrecisionOptions::quick();
  options.samples = 0;
  EXPECT_THROW(run_precision(options), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::laboratory
