#include "runtime/samplers/sampler.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "fusion/layout.h"
#include "runtime/samplers/sampler_registry.h"
#include "tests/fusion/small_space.h"

namespace lacuna::samplers {
namespace {

using fusion::Canvas;
using fusion::Modality;

constexpr fusion::LayoutSizes kSizes{7, 3, 5};

std::vector<PositionProposal> random_proposals(const Canvas& canvas, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform;
  std::vector<PositionProposal> proposals;
  for (int p = 0; p < canvas.size(); ++p) {
    if (canvas.states()[std::size_t(p)] != fusion::PositionState::masked) continue;
    const bool text = p < kSizes.text_length;
    proposals.push_back({p, text ? Modality::text : Modality::image, std::int32_t(text ? random() % 10 : 10 + random() % 16),
                         -5 * uniform(random), uniform(random), 3 * uniform(random)});
  }
  return proposals;
}

class EverySampler : public testing::TestWithParam<std::string> {};

TEST_P(EverySampler, RevealsAsManyAsScheduledOfEachModality) {
  const auto sampler = make_sampler(GetParam(), {2.0});
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const Canvas canvas = fusion::layout_joint(fusion::small_space(), kSizes);
    const auto proposals = random_proposals(canvas, random);
    StepInfo info{42, std::uint32_t(round % 4), 5, {int(random() % 8), int(random() % 16)}};
    const Moves moves = sampler->decide(canvas, proposals, info);
    int text = 0, image = 0;
    std::set<int> seen;
    for (const Reveal& reveal : moves.reveal) {
      (reveal.position < kSizes.text_length ? text : image) += 1;
      EXPECT_TRUE(seen.insert(reveal.position).second);
      for (const PositionProposal& p : proposals) {
        if (p.position == reveal.position) { EXPECT_EQ(p.token, reveal.token); }
      }
    }
    EXPECT_EQ(text, 7 - info.keep_masked[0]);
    EXPECT_EQ(image, 15 - info.keep_masked[1]);
    EXPECT_TRUE(moves.remask.empty());
  }
}

TEST_P(EverySampler, IsAPureFunctionOfItsArguments) {
  const auto sampler = make_sampler(GetParam(), {2.0});
  std::mt19937 random(4);
  const Canvas canvas = fusion::layout_joint(fusion::small_space(), kSizes);
  const auto proposals = random_proposals(canvas, random);
  const StepInfo info{7, 1, 5, {3, 6}};
  const auto positions = [&] {
    std::vector<int> list;
    for (const Reveal& r : sampler->decide(canvas, proposals, info).reveal) list.push_back(r.position);
    return list;
  };
  EXPECT_EQ(positions(), positions());
}

TEST_P(EverySampler, TakesNothingWhenNothingIsWanted) {
  const auto sampler = make_sampler(GetParam());
  std::mt19937 random(5);
  const Canvas canvas = fusion::layout_joint(fusion::small_space(), kSizes);
  EXPECT_TRUE(sampler->decide(canvas, random_proposals(canvas, random), {1, 0, 5, {7, 15}}).reveal.empty());
  EXPECT_TRUE(sampler->decide(canvas, {}, {1, 0, 5, {0, 0}}).reveal.empty());
}

INSTANTIATE_TEST_SUITE_P(Registry, EverySampler, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& entry : sampler_registry()) names.emplace_back(entry.name);
                           return names;
                         }()),
                         [](const auto& info) { return info.param; });

/// One proposal for each of three text positions, of which one is to be revealed.
int first_choice(std::string_view name, std::vector<PositionProposal> proposals) {
  const Canvas canvas = fusion::layout_joint(fusion::small_space(), kSizes);
  return make_sampler(name)->decide(canvas, proposals, {1, 0, 5, {2, 0}}).reveal.at(0).position;
}

TEST(Samplers, OrderByWhatTheyAreNamedAfter) {
  const std::vector<PositionProposal> proposals = {{0, Modality::text, 5, -0.1f, 0.2f, 0.9f},
                                                   {1, Modality::text, 5, -0.5f, 0.8f, 0.7f},
                                                   {2, Modality::text, 5, -0.9f, 0.5f, 0.1f}};
  EXPECT_EQ(first_choice("confidence", proposals), 0);
  EXPECT_EQ(first_choice("margin", proposals), 1);
  EXPECT_EQ(first_choice("entropy", proposals), 2);
}

TEST(Samplers, RandomOrderIsTheSameInEveryStepAndUniform) {
  const auto sampler = make_sampler("random");
  const Canvas canvas = fusion::layout_joint(fusion::small_space(), kSizes);
  std::vector<PositionProposal> proposals;
  for (int p = 0; p < 7; ++p) proposals.push_back({p, Modality::text, 5, -1, 0, 0});
  std::vector<int> counts(7, 0);
  for (std::uint64_t seed = 0; seed < 7000; ++seed) {
    const int a = sampler->decide(canvas, proposals, {seed, 0, 9, {6, 0}}).reveal.at(0).position;
    const int b = sampler->decide(canvas, proposals, {seed, 5, 9, {6, 0}}).reveal.at(0).position;
    EXPECT_EQ(a, b);
    ++counts[std::size_t(a)];
  }
  for (int count : counts) EXPECT_NEAR(count, 1000, 130);
}

}  // namespace
}  // namespace lacuna::samplers
