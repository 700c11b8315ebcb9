#include "runtime/cpu/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "fusion/graph/philox.h"

namespace lacuna::cpu {
namespace {

using graph::Proposal;
using graph::SamplingParameters;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_logits(std::size_t classes, unsigned seed, float spread = 3.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, spread);
  std::vector<float> logits(classes);
  for (float& x : logits) x = normal(random);
  return logits;
}

/// The definition of graph/proposal.h word for word, with sorting and long double sums.
struct Naive {
  std::vector<long double> kept;  // probability of each class to be drawn
  long double entropy = 0, margin = 1;
  std::vector<long double> log_prob;

  Naive(std::vector<float> logits, const SamplingParameters& p, const std::vector<float>& unconditional = {}) {
    const std::size_t n = logits.size();
    if (!unconditional.empty() && p.guidance_scale != 1.0f) {
      for (std::size_t i = 0; i < n; ++i) {
        logits[i] = unconditional[i] + p.guidance_scale * (logits[i] - unconditional[i]);
      }
    }
    const long double peak = *std::ranges::max_element(logits);
    const auto softmax = [&](long double temperature) {
      std::vector<long double> q(n);
      for (std::size_t i = 0; i < n; ++i) q[i] = std::exp(((long double)logits[i] - peak) / temperature);
      const long double sum = std::accumulate(q.begin(), q.end(), 0.0L);
      for (long double& x : q) x /= sum;
      return q;
    };
    std::vector<long double> q = softmax(1.0L);
    for (long double x : q) {
      log_prob.push_back(std::log(x));
      if (x > 0) entropy -= x * std::log(x);
    }
    std::vector<long double> sorted = q;
    std::ranges::sort(sorted, std::greater{});
    if (n > 1) margin = sorted[0] - sorted[1];
    if (p.temperature == 0.0f) {
      kept.assign(n, 0.0L);
      kept[std::size_t(std::ranges::max_element(logits) - logits.begin())] = 1.0L;
      return;
    }
    kept = softmax(p.temperature);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
    std::size_t count = n;
    if (p.top_k > 0) count = std::min(n, std::size_t(p.top_k));
    long double total = 0;
    for (std::size_t i = 0; i < count; ++i) total += kept[order[i]];
    if (p.top_p < 1.0f) {
      long double mass = 0;
      std::size_t i = 0;
      while (i < count && (i == 0 || mass < (long double)p.top_p * total)) mass += kept[order[i++]];
      count = i;
      total = mass;
    }
    for (std::size_t i = count; i < n; ++i) kept[order[i]] = 0;
    for (long double& x : kept) x /= total;
  }

  std::size_t draw(double u) const {
    long double sum = 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (kept[i] > 0) last = i;
      sum += kept[i];
      if (sum > u) return i;
    }
    return last;
  }
  /// How far u is from the nearest edge between two classes.
  long double distance_to_edge(double u) const {
    long double sum = 0, nearest = 1;
    for (long double q : kept) nearest = std::min(nearest, std::abs((sum += q) - u));
    return nearest;
  }
};

Proposal draw(const std::vector<float>& logits, const SamplingParameters& p, double u,
              const std::vector<float>& unconditional = {}) {
  DrawScratch scratch;
  return draw_row_at(logits, unconditional, p, u, scratch);
}

const SamplingParameters kVariants[] = {
    {},                                // plain
    {0.0f},                            // argmax
    {0.7f},        {1.9f},             // temperatures
    {1.0f, 3.0f},  {0.6f, 0.0f},       // guidance
    {1.0f, 1.0f, 1.0f},                // top-1
    {1.0f, 1.0f, 20.0f},               // top-k
    {0.8f, 1.0f, 0.0f, 0.9f},          // top-p
    {1.3f, 2.0f, 40.0f, 0.5f},         // all of it
    {1.0f, 1.0f, 1e9f, 0.0f},          // top-k wider than the row, top-p that keeps one
};

TEST(Draw, FollowsTheDefinition) {
  std::mt19937 random(3);
  for (std::size_t classes : {1u, 2u, 7u, 8u, 9u, 33u, 257u, 4096u, 20001u}) {
    for (const SamplingParameters& p : kVariants) {
      const auto logits = random_logits(classes, unsigned(classes)), other = random_logits(classes, unsigned(classes) + 1);
      const Naive naive(logits, p, other);
      for (int i = 0; i < 20; ++i) {
        const double u = std::uniform_real_distribution<double>(0, 1)(random);
        const Proposal got = draw(logits, p, u, other);
        ASSERT_GE(got.token, 0.0f);
        ASSERT_LT(got.token, float(classes));
        if (naive.distance_to_edge(u) > 1e-12L || p.temperature == 0.0f) {
          EXPECT_EQ(std::size_t(got.token), naive.draw(u));
        }
        EXPECT_NEAR(got.log_prob, double(naive.log_prob[std::size_t(got.token)]),
                    2e-6 * (1 + std::abs(double(naive.log_prob[std::size_t(got.token)]))));
        EXPECT_NEAR(got.entropy, double(naive.entropy), 1e-6 * (1 + double(naive.entropy)));
        EXPECT_NEAR(got.margin, double(naive.margin), 1e-6);
      }
    }
  }
}

TEST(Draw, UsesThePhiloxUniformOfItsKey) {
  const auto logits = random_logits(4096, 5);
  DrawScratch scratch;
  for (std::uint32_t position = 0; position < 100; ++position) {
    const std::uint64_t seed = 0x123456789abcdef0u;
    const DrawKey key{std::uint32_t(seed), std::uint32_t(seed >> 32), 9, position};
    const double u = graph::uniform_at(seed, graph::RandomStream::token, 9, position);
    EXPECT_EQ(uniform_of(key), u);
    EXPECT_EQ(draw_row(logits, {}, {}, key, scratch).token, draw(logits, {}, u).token);
  }
}

/// 16 classes with the probabilities one wants.
std::vector<float> planted(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (double q : probabilities) logits.push_back(float(std::log(q)));
  return logits;
}

TEST(Draw, ChiSquareOfAPlantedDistribution) {
  const std::vector<double> weights{0.3, 0.2, 0.1, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.005, 0.004, 0.001};
  const auto logits = planted(weights);
  constexpr int kDraws = 200000;
  std::vector<int> counts(weights.size());
  DrawScratch scratch;
  for (int i = 0; i < kDraws; ++i) {
    ++counts[std::size_t(draw_row(logits, {}, {}, {1, 2, 3, std::uint32_t(i)}, scratch).token)];
  }
  double chi_square = 0;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double expected = kDraws * weights[c];
    chi_square += (counts[c] - expected) * (counts[c] - expected) / expected;
  }
  const double freedom = double(weights.size() - 1);
  EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom));
  EXPECT_GT(chi_square, 0.0);
}

TEST(Draw, TailsOfOneInABillionKeepTheirShare) {
  // 100 classes of probability 1e-9 before, between and after three large ones. A uniform grid of a million
  // points inside each tail's own interval must hit that tail and nothing else: no tail is cut off or widened.
  std::vector<double> weights(103, 1e-9);
  weights[20] = 0.5, weights[50] = 0.3, weights[80] = 0.2 - 1e-7;
  const auto logits = planted(weights);
  long double total = 0;
  for (float x : logits) total += std::exp((long double)x);
  long double begin = 0;
  for (std::size_t c = 0; c < weights.size(); ++c) {
    const long double width = std::exp((long double)logits[c]) / total;
    for (int i = 1; i < 10; ++i) EXPECT_EQ(draw(logits, {}, double(begin + width * i / 10)).token, float(c)) << c;
    begin += width;
  }
}

TEST(Draw, TailsAreReachedByStratifiedUniforms) {
  // The share of 2^21 stratified uniforms that lands on 1,000 tails of 1e-6 each is their mass, 1e-3.
  std::vector<double> weights(1001, 1e-6);
  weights[0] = 1.0 - 1e-3;
  const auto logits = planted(weights);
  constexpr int kDraws = 1 << 17;
  int tails = 0;
  for (int i = 0; i < kDraws; ++i) tails += draw(logits, {}, (i + 0.5) / kDraws).token > 0;
  EXPECT_NEAR(double(tails) / kDraws, 1e-3, 2.0 / kDraws);
}

TEST(Draw, LogProbabilitiesOfDrawsFollowTheirDistribution) {
  // Kolmogorov-Smirnov: the distribution of log p(token) under draws against the exact one.
  const auto logits = random_logits(512, 11);
  const Naive naive(logits, {});
  constexpr int kDraws = 20000;
  std::vector<double> drawn;
  DrawScratch scratch;
  for (int i = 0; i < kDraws; ++i) {
    drawn.push_back(draw_row(logits, {}, {}, {4, 5, 6, std::uint32_t(i)}, scratch).log_prob);
  }
  std::ranges::sort(drawn);
  std::vector<std::pair<double, double>> steps;  // (log p, p)
  for (std::size_t c = 0; c < 512; ++c) steps.emplace_back(double(naive.log_prob[c]), double(naive.kept[c]));
  std::ranges::sort(steps);
  double exact = 0, distance = 0;
  for (const auto& [log_prob, p] : steps) {
    exact += p;
    const auto below = std::ranges::upper_bound(drawn, log_prob + 1e-5);
    distance = std::max(distance, std::abs(double(below - drawn.begin()) / kDraws - exact));
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(double(kDraws)));  // 0.1 % level
}

TEST(Draw, TemperatureZeroIsTheFirstOfTheLargest) {
  std::vector<float> logits(257, -1.0f);
  logits[33] = logits[34] = logits[256] = 4.0f;
  for (double u : {1e-9, 0.5, 1 - 1e-9}) {
    const Proposal p = draw(logits, {0.0f}, u);
    EXPECT_EQ(p.token, 33.0f);
    EXPECT_EQ(p.margin, 0.0f);
  }
}

TEST(Draw, TinyTemperaturesApproachArgmaxAndLargeOnesUniform) {
  const auto logits = random_logits(257, 8);
  const float top = draw(logits, {0.0f}, 0.5).token;
  for (float t : {1e-3f, 1e-20f, 1e-38f, std::numeric_limits<float>::denorm_min()}) {
    for (double u : {1e-9, 0.5, 1 - 1e-9}) EXPECT_EQ(draw(logits, {t}, u).token, top) << t;
  }
  for (int i = 0; i < 257; ++i) EXPECT_EQ(draw(logits, {1e30f}, (i + 0.5) / 257).token, float(i));
}

TEST(Draw, TopOneAndTopPZeroAreArgmaxAtAnyTemperature) {
  const auto logits = random_logits(4097, 9);
  const float top = draw(logits, {0.0f}, 0.5).token;
  for (double u : {1e-9, 0.3, 1 - 1e-9}) {
    EXPECT_EQ(draw(logits, {2.0f, 1.0f, 1.0f}, u).token, top);
    EXPECT_EQ(draw(logits, {2.0f, 1.0f, 0.0f, 0.0f}, u).token, top);
  }
}

TEST(Draw, FiltersKeepEqualsInClassOrder) {
  const std::vector<float> equal(33, 0.5f);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(draw(equal, {1.0f, 1.0f, 5.0f}, (i + 0.5) / 5).token, float(i));
  EXPECT_LT(draw(equal, {1.0f, 1.0f, 5.0f}, 1 - 1e-12).token, 5.0f);
  // 0.1 of 33 equals is 3.3, so the fourth crosses and stays.
  EXPECT_EQ(draw(equal, {1.0f, 1.0f, 0.0f, 0.1f}, 1 - 1e-12).token, 3.0f);
}

TEST(Draw, TheTokenThatCrossesTopPIsKept) {
  const auto logits = planted({0.5, 0.3, 0.15, 0.05});
  EXPECT_EQ(draw(logits, {1.0f, 1.0f, 0.0f, 0.49f}, 1 - 1e-9).token, 0.0f);
  EXPECT_EQ(draw(logits, {1.0f, 1.0f, 0.0f, 0.51f}, 1 - 1e-9).token, 1.0f);
  EXPECT_EQ(draw(logits, {1.0f, 1.0f, 0.0f, 0.81f}, 1 - 1e-9).token, 2.0f);
  // After top-k of 2 the mass is counted anew: 0.5 / 0.8 = 0.625.
  EXPECT_EQ(draw(logits, {1.0f, 1.0f, 2.0f, 0.62f}, 1 - 1e-9).token, 0.0f);
  EXPECT_EQ(draw(logits, {1.0f, 1.0f, 2.0f, 0.63f}, 1 - 1e-9).token, 1.0f);
}

TEST(Draw, StatisticsIgnoreTheFilters) {
  const auto logits = random_logits(257, 10);
  const Proposal plain = draw(logits, {0.0f}, 0.5);
  const Proposal filtered = draw(logits, {1.0f, 1.0f, 1.0f, 0.1f}, 0.5);
  EXPECT_EQ(plain.log_prob, filtered.log_prob);
  EXPECT_EQ(plain.margin, filtered.margin);
  EXPECT_EQ(plain.entropy, filtered.entropy);
}

TEST(Draw, GuidanceOfOneIsTheConditionalRowAndOfZeroTheOther) {
  const auto logits = random_logits(257, 12), other = random_logits(257, 13);
  for (double u : {0.1, 0.5, 0.9}) {
    const Proposal one = draw(logits, {1.0f, 1.0f}, u, other), alone = draw(logits, {}, u);
    EXPECT_EQ((std::bit_cast<std::array<float, 4>>(one)), (std::bit_cast<std::array<float, 4>>(alone)));
    EXPECT_EQ(draw(logits, {1.0f, 0.0f}, u, other).token, draw(other, {}, u).token);
    EXPECT_EQ(draw(logits, {1.0f, 5.0f}, u, logits).token, alone.token) << "equal branches cancel";
  }
}

TEST(Draw, ForbiddenClassesAreNeverDrawn) {
  std::vector<float> logits(257, -kInfinity);
  logits[100] = 1.0f, logits[200] = 2.0f;
  for (const SamplingParameters& p : {SamplingParameters{}, SamplingParameters{50.0f}, SamplingParameters{1, 1, 99},
                                      SamplingParameters{1, 1, 0, 0.999999f}}) {
    for (double u : {0x1p-53, 1e-9, 0.2, 0.9, 1 - 0x1p-53}) {
      const Proposal got = draw(logits, p, u);
      EXPECT_TRUE(got.token == 100.0f || got.token == 200.0f) << got.token;
      EXPECT_TRUE(std::isfinite(got.entropy) && std::isfinite(got.log_prob));
    }
  }
}

TEST(Draw, BrokenRowsAreMarkedAndStayInRange) {
  for (std::size_t at : {0u, 5u, 256u}) {
    for (float poison : {kNaN, kInfinity}) {
      auto logits = random_logits(257, 14);
      logits[at] = poison;
      for (const SamplingParameters& p : kVariants) {
        const Proposal got = draw(logits, p, 0.5);
        EXPECT_EQ(got.token, 0.0f);
        EXPECT_TRUE(std::isnan(got.entropy) && std::isnan(got.log_prob) && std::isnan(got.margin));
      }
    }
  }
  EXPECT_TRUE(std::isnan(draw(std::vector<float>(9, -kInfinity), {}, 0.5).entropy));
}

TEST(Draw, NoParametersLeadOutOfRange) {
  const auto logits = random_logits(33, 15);
  for (float bad : {kNaN, kInfinity, -kInfinity, -1.0f, 1e38f}) {
    for (const SamplingParameters& p : {SamplingParameters{bad}, SamplingParameters{1, bad}, SamplingParameters{1, 1, bad},
                                        SamplingParameters{1, 1, 0, bad}, SamplingParameters{bad, bad, bad, bad}}) {
      for (double u : {0x1p-53, 0.5, 1 - 0x1p-53}) {
        const Proposal got = draw(logits, p, u, logits);
        EXPECT_GE(got.token, 0.0f);
        EXPECT_LT(got.token, 33.0f);
      }
    }
  }
}

TEST(Draw, ValidateNamesWhatIsWrong) {
  EXPECT_NO_THROW(validate({}));
  EXPECT_NO_THROW(validate({0.0f, -2.0f, 1e9f, 0.0f}));
  for (const SamplingParameters& p :
       {SamplingParameters{-1.0f}, SamplingParameters{kNaN}, SamplingParameters{kInfinity}, SamplingParameters{1, kNaN},
        SamplingParameters{1, kInfinity}, SamplingParameters{1, 1, -1}, SamplingParameters{1, 1, kNaN},
        SamplingParameters{1, 1, 0, 1.1f}, SamplingParameters{1, 1, 0, -0.1f}, SamplingParameters{1, 1, 0, kNaN}}) {
    EXPECT_THROW(validate(p), std::invalid_argument);
  }
}

TEST(Draw, ExtremeLogitsKeepFiniteStatistics) {
  const Proposal got = draw({3e38f, -3e38f, 0.0f}, {}, 0.5);
  EXPECT_EQ(got.token, 0.0f);
  EXPECT_EQ(got.entropy, 0.0f);
  EXPECT_EQ(got.margin, 1.0f);
  EXPECT_EQ(got.log_prob, 0.0f);
}

TEST(Draw, ABannedClassCountsAsImpossible) {
  const auto logits = random_logits(257, 18), other = random_logits(257, 19);
  DrawScratch scratch;
  for (const SamplingParameters& p : kVariants) {
    for (std::int32_t banned : {0, 100, 256}) {
      std::vector<float> expected = logits;
      const bool guided = p.guidance_scale != 1.0f;
      for (std::size_t i = 0; guided && i < 257; ++i) expected[i] = other[i] + p.guidance_scale * (logits[i] - other[i]);
      expected[std::size_t(banned)] = -kInfinity;
      SamplingParameters unguided = p;
      unguided.guidance_scale = 1.0f;
      const DrawKey key{1, 2, 3, 4, banned}, plain{1, 2, 3, 4};
      const auto a = std::bit_cast<std::array<float, 4>>(draw_row(logits, other, p, key, scratch));
      EXPECT_EQ(a, (std::bit_cast<std::array<float, 4>>(draw_row(expected, {}, unguided, plain, scratch))));
      EXPECT_NE(a[0], float(banned));
    }
    const auto a = draw_row(logits, other, p, {1, 2, 3, 4, -1}, scratch), b = draw_row(logits, other, p, {1, 2, 3, 4, 257}, scratch);
    EXPECT_EQ(a.token, b.token) << "a class that does not exist bans nothing";
  }
  const std::vector<float> one{1.0f};
  EXPECT_TRUE(std::isnan(draw_row(one, {}, {}, {1, 2, 3, 4, 0}, scratch).entropy));
}

TEST(DrawRows, EachRowIsDrawnOnItsOwn) {
  const std::size_t rows = 5, classes = 257;
  const auto logits = random_logits(rows * classes, 16), other = random_logits(rows * classes, 17);
  const std::vector<float> sampling{0.9f, 2.5f, 0.0f, 1.0f};
  std::vector<std::int32_t> keys;
  for (int m = 0; m < int(rows); ++m) keys.insert(keys.end(), {-7, 1, 3, 10 - m, -1});
  std::vector<float> all(rows * 4);
  DrawScratch scratch;
  draw_rows(logits, other, sampling, keys, all, scratch);
  for (std::size_t m = 0; m < rows; ++m) {
    std::vector<float> one(4);
    draw_rows(std::span(logits).subspan(m * classes, classes), std::span(other).subspan(m * classes, classes), sampling,
              std::span(keys).subspan(5 * m, 5), one, scratch);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(all[4 * m + i], one[i]);
  }
  const std::vector<float> bad{-1.0f, 1.0f, 0.0f, 1.0f};
  EXPECT_THROW(draw_rows(logits, {}, bad, keys, all, scratch), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::cpu
