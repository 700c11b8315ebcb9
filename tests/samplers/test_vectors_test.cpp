// Counts and first cells as the original programs have them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "fusion/layout.h"
#include "runtime/samplers/halton_order.h"
#include "runtime/samplers/sampler_registry.h"
#include "tests/fusion/small_space.h"
#include "tests/samplers/drive.h"

namespace lacuna::samplers {
namespace {

using fusion::Canvas;
using fusion::NoiseSchedule;
using fusion::ScheduleKind;

Canvas grid(int side) {
  return fusion::layout_generate(fusion::small_space(), {1, side, side}, std::vector<std::int32_t>{5});
}

RunInfo with(int steps, ScheduleKind kind) {
  RunInfo info;
  info.seed = 3;
  info.steps = steps;
  info.schedules[0] = info.schedules[1] = NoiseSchedule(kind);
  return info;
}

std::vector<int> cumulative(const Driven& driven) {
  std::vector<int> sums = driven.counts();
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  return sums;
}

TEST(TestVectors, HaltonRevealsAsManyAsPublished) {
  const auto counts = [](int steps) {
    Canvas canvas = grid(16);
    return cumulative(
        drive(*make_sampler("halton"), canvas, with(steps, ScheduleKind::arccos), noisy_proposer(1)));
  };
  EXPECT_EQ(counts(8), (std::vector{20, 41, 62, 85, 110, 138, 173, 256}));
  EXPECT_EQ(counts(32), (std::vector{5,   10,  15,  20,  25,  30,  35,  41,  46,  51,  57,  62,  68,  73,  79,  85,
                                     91,  97,  103, 110, 116, 123, 130, 138, 146, 154, 163, 173, 184, 198, 215, 256}));
}

TEST(TestVectors, HaltonBeginsWithThePublishedCells) {
  Canvas canvas = grid(16);
  const auto driven =
      drive(*make_sampler("halton"), canvas, with(256, ScheduleKind::linear), noisy_proposer(1));
  const std::pair<int, int> first[] = {{8, 5}, {4, 10}, {12, 1}, {2, 7}, {10, 12}, {6, 3}};
  const int begin = canvas.span(fusion::Modality::image).begin;
  for (std::size_t i = 0; i < std::size(first); ++i) {
    EXPECT_EQ(driven.revealed[i].at(0), begin + first[i].first * 16 + first[i].second) << i;
  }
}

TEST(TestVectors, MaskGitCosineCounts) {
  Canvas canvas = grid(16);
  const auto driven =
      drive(*make_sampler("confidence"), canvas, with(8, ScheduleKind::cosine), noisy_proposer(1));
  const std::vector<int> stay{251, 236, 212, 181, 142, 97, 49, 0};
  const auto sums = cumulative(driven);
  for (std::size_t i = 0; i < stay.size(); ++i) EXPECT_EQ(256 - sums.at(i), stay[i]);
}

TEST(TestVectors, LladaSharesOutEvenlyWithTheSurplusFirst) {
  Canvas canvas = grid(5);
  EXPECT_EQ(drive(*make_sampler("llada"), canvas, with(7, ScheduleKind::linear), noisy_proposer(1)).counts(),
            (std::vector{4, 4, 4, 4, 3, 3, 3}));
}

TEST(TestVectors, DreamRevealsItsShareOfLinearTime) {
  for (const char* name : {"dream-maskgit-plus", "dream-topk-margin", "dream-entropy"}) {
    Canvas canvas = grid(5);
    std::vector<int> expected;
    for (int i = 0, left = 25; i < 6; ++i) {
      const double t = 1 - 0.999 * i / 6, s = 1 - 0.999 * (i + 1) / 6;
      expected.push_back(i == 5 ? left : int(left * (1 - s / t)));
      left -= expected.back();
    }
    EXPECT_EQ(drive(*make_sampler(name), canvas, with(6, ScheduleKind::linear), noisy_proposer(1)).counts(), expected);
  }
}

TEST(TestVectors, MaskPredictMasksTheWorstAgainLessEachTime) {
  Canvas canvas = grid(5);
  const auto driven =
      drive(*make_sampler("mask-predict"), canvas, with(10, ScheduleKind::linear), noisy_proposer(1));
  ASSERT_EQ(driven.calls, 10);
  EXPECT_EQ(driven.asked[0].size(), 25u);
  for (int c = 1; c < 10; ++c) EXPECT_EQ(driven.asked[std::size_t(c)].size(), std::size_t(25 * (10 - c) / 10)) << c;
}

TEST(TestVectors, AncestralRevealsWithTheProbabilityOfTheReverseStep) {
  // Linear schedule: a masked position is revealed in step i of N with probability 1 / (N - i).
  std::vector<int> revealed(5, 0), masked(5, 0);
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    Canvas canvas = grid(10);
    RunInfo info = with(5, ScheduleKind::linear);
    info.seed = seed;
    const auto driven = drive(*make_sampler("ancestral"), canvas, info, noisy_proposer(1));
    ASSERT_EQ(driven.calls, 5);
    int left = 100;
    for (std::size_t i = 0; i < 5; ++i) {
      masked[i] += left;
      revealed[i] += int(driven.revealed[i].size());
      left -= int(driven.revealed[i].size());
    }
  }
  for (std::size_t i = 0; i < 5; ++i) {
    const double p = 1.0 / double(5 - i), error = std::sqrt(p * (1 - p) / masked[i]);
    EXPECT_NEAR(double(revealed[i]) / masked[i], p, 4 * error + 1e-12) << i;
  }
}

TEST(TestVectors, RemaskingKeepsTheMaskRateOfTheSchedule) {
  // Whatever sigma, the share that is masked after step i of N is 1 - (i + 1) / N on average.
  constexpr int kSteps = 12, kRuns = 100;
  for (const char* name : {"remdm-cap", "remdm-rescale", "remdm-conf"}) {
    SamplerOptions options;
    if (std::string(name) != "remdm-conf") options.values["eta"] = 0.3;
    std::vector<double> masked(kSteps, 0);
    int remasked = 0;
    for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
      Canvas canvas = grid(12);
      RunInfo info = with(kSteps, ScheduleKind::linear);
      info.seed = seed;
      const auto driven = drive(*make_sampler(name, options), canvas, info, noisy_proposer(seed));
      ASSERT_EQ(driven.revealed.size(), std::size_t(kSteps)) << name;
      int left = 144;
      for (std::size_t i = 0; i < kSteps; ++i) {
        left += int(driven.remasked[i].size()) - int(driven.revealed[i].size());
        masked[i] += left / 144.0 / kRuns;
        remasked += int(driven.remasked[i].size());
      }
    }
    EXPECT_GT(remasked, kRuns) << name;
    if (std::string(name) == "remdm-conf") continue;  // shared out by confidence: not a coin of the process
    for (int i = 0; i < kSteps; ++i) EXPECT_NEAR(masked[std::size_t(i)], 1 - (i + 1) / 12.0, 0.02) << name << i;
  }
}

TEST(TestVectors, TheLoopHoldsItsLevel) {
  Canvas canvas = grid(16);
  const auto driven =
      drive(*make_sampler("remdm-loop"), canvas, with(1000, ScheduleKind::linear), noisy_proposer(1));
  int left = 256;
  std::vector<double> levels;
  for (std::size_t i = 0; i < driven.revealed.size(); ++i) {
    left += int(driven.remasked[i].size()) - int(driven.revealed[i].size());
    if (!driven.remasked[i].empty()) levels.push_back(left / 256.0);
  }
  ASSERT_GT(levels.size(), 300u);
  EXPECT_NEAR(std::accumulate(levels.begin(), levels.end(), 0.0) / double(levels.size()), 0.1, 0.02);
}

TEST(TestVectors, FactorAndThresholdAcceptWhatTheirRulesSay) {
  const std::vector<double> p{0.99, 0.95, 0.9, 0.6, 0.3};
  const auto first = [&](const char* name, const SamplerOptions& options) {
    const std::vector<std::int32_t> text(5, 26), codes{1};
    Canvas canvas = fusion::layout_infill(fusion::small_space(), {5, 1, 1}, text, codes);
    return int(drive(*make_sampler(name, options), canvas, with(5, ScheduleKind::linear),
                     [&](const Canvas&, int position, fusion::Modality m) {
                       return PositionProposal{position, m, 5, float(std::log(p[std::size_t(position)])), 0,
                                               float(1 - p[std::size_t(position)])};
                     })
                   .revealed.at(0)
                   .size());
  };
  EXPECT_EQ(first("threshold", {{{"threshold", 0.93}}}), 2);
  EXPECT_EQ(first("threshold", {{{"threshold", 1.0}}}), 1);
  // 1 - f / (n + 1) for f = 0.3: 0.85, 0.9, 0.925; the third fails.
  EXPECT_EQ(first("factor", {{{"factor", 0.3}}}), 2);
  EXPECT_EQ(first("factor", {{{"factor", 1000}}}), 5);
  // Entropies .01 .05 .1 .4 .7: sums less the largest 0, .01, .06, .16, .56.
  EXPECT_EQ(first("entropy-bounded", {{{"gamma", 0.1}}}), 3);
  EXPECT_EQ(first("entropy-bounded", {{{"gamma", 0}}}), 1);
}

TEST(TestVectors, KlassWaitsUntilADistributionHasSettled) {
  const std::vector<std::int32_t> text(6, 26), codes{1};
  Canvas canvas = fusion::layout_infill(fusion::small_space(), {6, 1, 1}, text, codes);
  const auto driven =
      drive(*make_sampler("klass"), canvas, with(6, ScheduleKind::linear), [](const Canvas&, int p, fusion::Modality m) {
        std::vector<float> distribution(10, 0.01f);
        distribution[5] = 0.91f;
        return PositionProposal{p, m, 5, std::log(0.91f), 0, 0, distribution};
      });
  // Two steps by confidence alone, then everything has been the same for two steps.
  EXPECT_EQ(driven.counts(), (std::vector{1, 1, 4}));
}

TEST(TestVectors, CodesOfOneStepOfTheLocalityOrderLieApart) {
  Canvas canvas = grid(12);
  const int begin = canvas.span(fusion::Modality::image).begin;
  const auto driven =
      drive(*make_sampler("locality"), canvas, with(24, ScheduleKind::linear), noisy_proposer(1));
  int close = 0;
  for (const auto& group : driven.revealed) {
    for (int a : group) {
      for (int b : group) {
        const int rows = (a - begin) / 12 - (b - begin) / 12, columns = (a - begin) % 12 - (b - begin) % 12;
        close += a < b && rows * rows + columns * columns < 4;
      }
    }
  }
  EXPECT_LE(close, 8);  // 24 groups of 6; a random order has about 45
}

}  // namespace
}  // namespace lacuna::samplers
