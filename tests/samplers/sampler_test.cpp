#include "runtime/samplers/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "fusion/layout.h"
#include "runtime/samplers/sampler_registry.h"
#include "tests/fusion/small_space.h"
#include "tests/samplers/drive.h"

namespace lacuna::samplers {
namespace {

using fusion::Canvas;
using fusion::Modality;
using fusion::PositionState;

constexpr fusion::LayoutSizes kSizes{7, 3, 5};

RunInfo run_info(std::uint64_t seed, int steps) {
  RunInfo info;
  info.seed = seed;
  info.steps = steps;
  info.ranges[0] = fusion::small_space().text;
  info.ranges[1] = fusion::small_space().image;
  return info;
}

/// Everything masked; and a mixture with given tokens everywhere.
std::vector<Canvas> canvases() {
  const fusion::TokenSpace space = fusion::small_space();
  const std::vector<std::int32_t> text{3, space.mask, space.mask, 5, space.mask, 2, 2};
  const std::vector<std::int32_t> codes{0, -1, -1, 3, -1, 5, -1, 7, -1, -1, 10, -1, -1, -1, 14};
  return {fusion::layout_joint(space, kSizes), fusion::layout_infill(space, kSizes, text, codes)};
}

class EverySampler : public testing::TestWithParam<std::string> {};

TEST_P(EverySampler, FillsEverythingChangesNothingGivenAndAsksForMaskedPositionsOnly) {
  const auto sampler = make_sampler(GetParam());
  for (int steps : {8, 9, 16, 100, 3000}) {
    for (const Canvas& before : canvases()) {
      Canvas after = before;
      const Driven driven = drive(*sampler, after, run_info(std::uint64_t(steps), steps), noisy_proposer(3));
      EXPECT_TRUE(driven.finished) << steps;
      EXPECT_EQ(after.masked_count(), 0) << steps;
      int reveals = 0, remasks = 0, calls = 0;
      for (std::size_t i = 0; i < driven.asked.size(); ++i) {
        calls += !driven.asked[i].empty();
        EXPECT_FALSE(driven.asked[i].empty() && driven.revealed[i].size() + driven.remasked[i].size() == 0)
            << "a step for nothing";
        const std::set<int> asked(driven.asked[i].begin(), driven.asked[i].end());
        EXPECT_TRUE(std::ranges::all_of(driven.revealed[i], [&](int p) { return asked.contains(p); }));
        EXPECT_TRUE(std::ranges::is_sorted(driven.asked[i]));
        reveals += int(driven.revealed[i].size());
        remasks += int(driven.remasked[i].size());
      }
      EXPECT_EQ(calls, driven.calls);
      EXPECT_EQ(reveals - remasks, before.masked_count());
      // A call reveals something, except where a sampler that masks again looks twice at the same positions.
      if (remasks == 0) { EXPECT_LE(driven.calls, before.masked_count()); }
      for (int p = 0; p < before.size(); ++p) {
        if (before.states()[std::size_t(p)] == PositionState::masked) continue;
        EXPECT_EQ(after.ids()[std::size_t(p)], before.ids()[std::size_t(p)]);
        EXPECT_EQ(after.states()[std::size_t(p)], before.states()[std::size_t(p)]);
      }
    }
  }
}

TEST_P(EverySampler, SpendsAtMostAsManyCallsAsStepsUnlessTheNetworkDecides) {
  const std::set<std::string> unplanned{"first-hitting", "entropy-bounded", "threshold", "factor", "klass"};
  if (unplanned.contains(GetParam())) return;
  for (int steps : {8, 11}) {
    Canvas canvas = canvases()[0];
    const Driven driven = drive(*make_sampler(GetParam()), canvas, run_info(5, steps), noisy_proposer(4));
    EXPECT_LE(driven.calls, steps);
  }
}

TEST_P(EverySampler, IsDeterministicGivenItsSeed) {
  const auto ids = [&](std::uint64_t seed) {
    Canvas canvas = canvases()[0];
    drive(*make_sampler(GetParam()), canvas, run_info(seed, 9), noisy_proposer(5));
    return std::vector<std::int32_t>(canvas.ids().begin(), canvas.ids().end());
  };
  for (std::uint64_t seed : {0, 1, 77}) EXPECT_EQ(ids(seed), ids(seed));
}

TEST_P(EverySampler, FinishesAtOnceWhereNothingIsMasked) {
  const fusion::TokenSpace space = fusion::small_space();
  const std::vector<std::int32_t> codes(15, 3), text{4, 5};
  Canvas canvas = fusion::layout_infill(space, kSizes, text, codes);
  const Driven driven = drive(*make_sampler(GetParam()), canvas, run_info(1, 10), noisy_proposer(6));
  EXPECT_TRUE(driven.finished);
  EXPECT_EQ(driven.calls, 0);
}

TEST_P(EverySampler, FillsBlocksOneAfterAnother) {
  SamplerOptions options;
  options.values["block"] = 4;
  Canvas canvas = canvases()[0];
  const Driven driven = drive(*make_sampler(GetParam(), options), canvas, run_info(2, 24), noisy_proposer(7));
  EXPECT_TRUE(driven.finished);
  EXPECT_EQ(canvas.masked_count(), 0);
  // Seven words in blocks of 4 and 3, then a frame, then codes in blocks of 4, 4, 4, 3.
  const auto block = [](int p) { return p < 7 ? p / 4 : 2 + (p - 8) / 4; };
  int current = 0;
  for (std::size_t i = 0; i < driven.asked.size(); ++i) {
    for (const auto* list : {&driven.asked[i], &driven.remasked[i]}) {
      for (int p : *list) {
        EXPECT_GE(block(p), current);
        current = std::max(current, block(p));
      }
    }
  }
  EXPECT_EQ(current, 5);
}

TEST_P(EverySampler, CutsBlocksWhereThoseOfTheNetworkAre) {
  const fusion::TokenSpace space = fusion::small_space();
  for (const int network : {4, 5}) {
    Canvas canvas;
    for (int i = 0; i < 3; ++i) canvas.append_frame(space.begin_image);
    canvas.append_span(space, Modality::text, std::vector<std::int32_t>(10, space.mask));
    RunInfo info = run_info(2, 24);
    info.network_block = network;
    const Driven driven = drive(*make_sampler(GetParam(), {{{"block", 4}}}), canvas, info, noisy_proposer(7));
    EXPECT_TRUE(driven.finished);
    // 3 | 4 to 7 | 8 to 11 | 12 where the network has the same; else four by four from 3.
    const auto block = [&](int p) { return network == 4 ? p / 4 : (p - 3) / 4; };
    int current = 0, last = 0;
    for (const auto& list : driven.asked) {
      for (int p : list) {
        EXPECT_GE(block(p), current);
        current = block(p);
        last = std::max(last, p);
      }
    }
    EXPECT_EQ(last, 12);
  }
}

TEST_P(EverySampler, RefusesStepsAndBlocksThatDoNotFit) {
  Canvas canvas = canvases()[0];
  RunInfo info = run_info(1, 0);
  EXPECT_THROW(drive(*make_sampler(GetParam()), canvas, info, noisy_proposer(1)), std::invalid_argument);
  info.steps = 5;  // six blocks
  EXPECT_THROW(drive(*make_sampler(GetParam(), {{{"block", 4}}}), canvas, info, noisy_proposer(1)),
               std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Registry, EverySampler, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& entry : sampler_registry()) names.emplace_back(entry.name);
                           return names;
                         }()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

/// Which of three text positions is revealed first when one is.
int first_choice(std::string_view name, const std::vector<PositionProposal>& proposals) {
  const std::vector<std::int32_t> text{26, 26, 26, 4, 4, 4, 4}, codes(15, 1);
  Canvas canvas = fusion::layout_infill(fusion::small_space(), kSizes, text, codes);
  return drive(*make_sampler(name), canvas, run_info(1, 3),
               [&](const Canvas&, int p, Modality) { return proposals[std::size_t(p)]; })
      .revealed.at(0)
      .at(0);
}

TEST(Samplers, OrderByWhatTheyAreNamedAfter) {
  const std::vector<PositionProposal> proposals = {{0, Modality::text, 5, -0.1f, 0.2f, 0.9f},
                                                   {1, Modality::text, 5, -0.5f, 0.8f, 0.7f},
                                                   {2, Modality::text, 5, -0.9f, 0.5f, 0.1f}};
  for (const char* name : {"confidence", "llada", "dream-maskgit-plus", "threshold", "factor"}) {
    EXPECT_EQ(first_choice(name, proposals), 0) << name;
  }
  for (const char* name : {"margin", "dream-topk-margin"}) EXPECT_EQ(first_choice(name, proposals), 1) << name;
  for (const char* name : {"entropy", "dream-entropy", "entropy-bounded"}) {
    EXPECT_EQ(first_choice(name, proposals), 2) << name;
  }
  EXPECT_EQ(first_choice("left-to-right", proposals), 0);
}

TEST(Samplers, FirstHittingOrderIsUniform) {
  for (const char* name : {"random", "first-hitting", "ancestral", "dream-origin"}) {
    const auto sampler = make_sampler(name);
    std::vector<int> counts(7, 0);
    const std::vector<std::int32_t> codes(15, 1);
    for (std::uint64_t seed = 0; seed < 3500; ++seed) {
      Canvas canvas = fusion::layout_caption(fusion::small_space(), kSizes, codes);
      const Driven driven = drive(*sampler, canvas, run_info(seed, 500), [](const Canvas&, int p, Modality m) {
        return PositionProposal{p, m, 5, -1, 0, 0};
      });
      ++counts[std::size_t(driven.revealed.at(0).at(0))];
    }
    for (int count : counts) EXPECT_NEAR(count, 500, 100) << name;
  }
}

}  // namespace
}  // namespace lacuna::samplers
