#include "runtime/generation/uniform_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "runtime/laboratory/planted_chain.h"

namespace lacuna::laboratory {
namespace {

constexpr int kStates = 3, kLength = 4;

/// The exact answer: P(x_l | noisy) of a chain seen through uniform noise, by sums forward and backward.
class NoisyChain {
 public:
  explicit NoisyChain(const PlantedChain& chain) : start_(kStates), next_(kStates * kStates) {
    std::vector<int> nothing(kLength, -1);
    chain.posterior(nothing, 0, start_);
    for (int a = 0; a < kStates; ++a) {
      std::vector<int> before(kLength, -1);
      before[0] = a;
      chain.posterior(before, 1, std::span(next_).subspan(std::size_t(a * kStates), kStates));
    }
    for (int a = 0; a < kStates; ++a) {
      const auto row = std::span(next_).subspan(std::size_t(a * kStates), kStates);
      const double sum = std::accumulate(row.begin(), row.end(), 0.0);
      for (double& p : row) p /= sum;
    }
    const double sum = std::accumulate(start_.begin(), start_.end(), 0.0);
    for (double& p : start_) p /= sum;
  }

  double probability(const std::vector<std::int32_t>& x) const {
    double p = start_[std::size_t(x[0])];
    for (std::size_t l = 1; l < x.size(); ++l) p *= next_[std::size_t(x[l - 1] * kStates + x[l])];
    return p;
  }

  void posterior(const std::vector<std::int32_t>& noisy, double kept, double* out) const {
    const auto seen = [&](int l, int k) { return kept * (noisy[std::size_t(l)] == k) + (1 - kept) / kStates; };
    // Small enough to add over all sequences.
    std::fill_n(out, kLength * kStates, 0.0);
    double total = 0;
    for (int code = 0; code < int(std::pow(kStates, kLength)); ++code) {
      std::vector<std::int32_t> x;
      for (int l = 0, rest = code; l < kLength; ++l, rest /= kStates) x.push_back(rest % kStates);
      double p = probability(x);
      for (int l = 0; l < kLength; ++l) p *= seen(l, x[std::size_t(l)]);
      for (int l = 0; l < kLength; ++l) out[l * kStates + x[std::size_t(l)]] += p;
      total += p;
    }
    for (int i = 0; i < kLength * kStates; ++i) out[i] /= total;
  }

 private:
  std::vector<double> start_, next_;
};

double chi_square(int steps, int samples, std::span<const std::int32_t> given, const NoisyChain& chain) {
  generation::UniformOptions options;
  options.classes = kStates;
  options.length = kLength;
  options.steps = steps;
  std::vector<std::uint64_t> seeds(static_cast<std::size_t>(samples));
  std::iota(seeds.begin(), seeds.end(), 1);
  const auto network = [&](std::span<const std::vector<std::int32_t>> noisy, double time) {
    std::vector<double> mu(noisy.size() * kLength * kStates);
    std::map<std::vector<std::int32_t>, std::vector<double>> known;  // there are only 81 of them
    for (std::size_t s = 0; s < noisy.size(); ++s) {
      auto& row = known[noisy[s]];
      if (row.empty()) {
        row.resize(kLength * kStates);
        chain.posterior(noisy[s], 1 - time, row.data());
      }
      std::ranges::copy(row, mu.begin() + std::ptrdiff_t(s * row.size()));
    }
    return mu;
  };
  std::map<std::vector<std::int32_t>, double> counts;
  for (const auto& sequence : undo_uniform_noise(network, options, given, seeds)) {
    for (int l = 0; l < kLength; ++l) {
      if (given[std::size_t(l)] >= 0) EXPECT_EQ(sequence[std::size_t(l)], given[std::size_t(l)]);
    }
    counts[sequence] += 1;
  }
  double statistic = 0;
  for (int code = 0; code < int(std::pow(kStates, kLength)); ++code) {
    std::vector<std::int32_t> x;
    for (int l = 0, rest = code; l < kLength; ++l, rest /= kStates) x.push_back(rest % kStates);
    const double expected = chain.probability(x) * samples;
    statistic += (counts[x] - expected) * (counts[x] - expected) / expected;
  }
  return statistic;
}

TEST(UniformNoise, ManyStepsGiveThePlantedDistributionAndFewDoNot) {
  const NoisyChain chain(PlantedChain({kStates, kLength, 1.5, 3}));
  const std::vector<std::int32_t> nothing(kLength, -1);
  // 80 degrees of freedom: mean 80, standard deviation 12.6. The steps leave a bias of the order of one over their number.
  EXPECT_LT(chi_square(150, 10'000, nothing, chain), 80 + 5 * 12.6);
  EXPECT_GT(chi_square(2, 10'000, nothing, chain), 80 + 20 * 12.6);
}

TEST(UniformNoise, GivenClassesStay) {
  const NoisyChain chain(PlantedChain({kStates, kLength, 1.5, 3}));
  const std::vector<std::int32_t> some{-1, 2, -1, 0};
  chi_square(5, 200, some, chain);  // its expectations are inside
}

TEST(UniformNoise, OneStepPosteriorIsThatOfTheTransitionMatrices) {
  const double mu[] = {0.2, 0.5, 0.3}, kept = 0.4, before = 0.7;
  const auto q = [](double part, int from, int to) { return part * (from == to) + (1 - part) / 3; };
  for (int noisy = 0; noisy < 3; ++noisy) {
    double expected[3] = {}, row[] = {mu[0], mu[1], mu[2]};
    for (int j = 0; j < 3; ++j) {
      for (int k = 0; k < 3; ++k) expected[j] += mu[k] * q(before, k, j) * q(kept / before, j, noisy) / q(kept, k, noisy);
    }
    generation::uniform_posterior(row, noisy, kept, before);
    for (int j = 0; j < 3; ++j) EXPECT_NEAR(row[j], expected[j], 1e-12);
    EXPECT_NEAR(row[0] + row[1] + row[2], 1, 1e-12);
  }
}

TEST(UniformNoise, AStepFromScoresIsTheStepFromTheDistributionThatTheyAreOf) {
  const double before_noise[] = {0.15, 0.0, 0.5, 0.25, 0.1};
  for (const double kept : {0.001, 0.3, 0.97}) {
    for (const double kept_before : {kept + 0.01, 1.0}) {
      for (int noisy = 0; noisy < 5; ++noisy) {
        // Without the token itself: p_t(j). With it: the clean token's distribution.
        double scores[5], mu[5], from_scores = 0, from_mu = 0;
        for (int j = 0; j < 5; ++j) scores[j] = std::log(kept * before_noise[j] + (1 - kept) / 5);
        const double own = scores[noisy];
        for (int j = 0; j < 5; ++j) {
          scores[j] -= own;
          mu[j] = before_noise[j] * (kept * (j == noisy) + (1 - kept) / 5);
        }
        scores[noisy] = 7;  // the network's own word for it means nothing
        generation::score_posterior(scores, noisy, kept, kept_before);
        generation::uniform_posterior(mu, noisy, kept, kept_before);
        for (int j = 0; j < 5; ++j) from_scores += scores[j], from_mu += mu[j];
        for (int j = 0; j < 5; ++j) EXPECT_NEAR(scores[j] / from_scores, mu[j] / from_mu, 1e-12) << kept << ' ' << j;
      }
    }
  }
}

TEST(UniformNoise, SaysWhatEachStepHasDrawnAndStopsWhenAsked) {
  const generation::CleanProbabilities even = [](std::span<const std::vector<std::int32_t>> noisy, double) {
    return std::vector<double>(noisy.size() * 2 * 4, 0.25);
  };
  generation::UniformOptions options;
  options.classes = 4;
  options.length = 2;
  options.steps = 5;
  const std::uint64_t seeds[] = {1, 2, 3};
  std::vector<int> steps;
  std::vector<std::vector<std::int32_t>> last;
  const auto watch = [&](const generation::UniformStep& step) {
    steps.push_back(step.step);
    last.assign(step.sequences.begin(), step.sequences.end());
    EXPECT_EQ(step.log_probs.size(), 3u);
    for (const double p : step.log_probs) EXPECT_LE(p, 0.0);
    return step.step == 4 ? generation::Continue::no : generation::Continue::yes;
  };
  const auto drawn = undo_uniform_noise(even, options, std::vector<std::int32_t>{-1, -1}, seeds, watch);
  EXPECT_EQ(steps, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(drawn, last);
}

TEST(UniformNoise, RefusesWhatDoesNotFit) {
  const generation::CleanProbabilities nothing = [](std::span<const std::vector<std::int32_t>>, double) { return std::vector<double>(1); };
  const std::uint64_t seeds[] = {1};
  generation::UniformOptions options;
  options.classes = 3;
  options.length = 2;
  EXPECT_THROW(undo_uniform_noise(nothing, options, std::vector<std::int32_t>{-1}, seeds), std::invalid_argument);
  EXPECT_THROW(undo_uniform_noise(nothing, options, std::vector<std::int32_t>{-1, 3}, seeds), std::invalid_argument);
  EXPECT_THROW(undo_uniform_noise(nothing, options, std::vector<std::int32_t>{-1, -1}, seeds), std::invalid_argument);
  options.steps = 0;
  EXPECT_THROW(undo_uniform_noise(nothing, options, std::vector<std::int32_t>{-1, -1}, seeds), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::laboratory
