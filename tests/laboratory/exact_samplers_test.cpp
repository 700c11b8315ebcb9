// With an exact denoiser and a step for each position, a sampler reproduces the planted distribution.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/laboratory/planted_source.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

// Orders by what has been drawn prefer likely draws, so that even one token a step is not the planted distribution;
// extrapolation sharpens; Dream's rounding leaves more than one position for the last step. Everything else is exact.
const std::set<std::string> kInexact{"confidence", "llada",        "dream-maskgit-plus", "dream-topk-margin",
                                     "threshold",  "factor",       "dream-entropy",      "semi-autoregressive",
                                     "klass",      "mask-predict", "first-hitting-2",    "tempered"};

constexpr int kStates = 3, kLength = 4, kCount = 8000;

/// The remasking samplers are exact in the limit of small steps, the others at one position a step.
int steps_of(const std::string& name) {
  return name.starts_with("remdm") || name == "ancestral" || name == "dream-origin" ? 1500 : kLength;
}

double chi_square(const PlantedChain& chain, const std::vector<std::vector<int>>& sequences) {
  std::map<std::vector<int>, int> counts;
  for (const auto& sequence : sequences) ++counts[sequence];
  double sum = 0;
  std::vector<int> sequence(kLength, 0);
  for (int i = 0; i < int(std::pow(kStates, kLength)); ++i) {
    for (int l = 0, rest = i; l < kLength; ++l, rest /= kStates) sequence[std::size_t(l)] = rest % kStates;
    const double expected = double(sequences.size()) * std::exp(-chain.negative_log_likelihood(sequence));
    const double got = counts.contains(sequence) ? counts[sequence] : 0;
    sum += (got - expected) * (got - expected) / expected;
  }
  return sum;
}

class ExactSampler : public testing::TestWithParam<std::string> {};

TEST_P(ExactSampler, ReproducesThePlantedDistribution) {
  const PlantedChain chain({kStates, kLength, 1.0, 5});
  PlantedSource source(chain, 2);
  samplers::SamplerOptions options;
  if (GetParam() == "entropy-bounded") options.values["gamma"] = 0;
  // Coins of 1 in 1000 a step, so that two moves in one step are rare.
  if (GetParam() == "remdm-cap" || GetParam() == "remdm-loop") options.values["eta"] = 0.001;
  std::vector<int> calls;
  const auto sequences = sample_sequences(source, *samplers::make_sampler(GetParam(), options),
                                          steps_of(GetParam()), kCount, 100, calls);
  const double freedom = std::pow(kStates, kLength) - 1, chi = chi_square(chain, sequences);
  const ChainRun run = summarise(chain, sequences, calls);
  const double off = std::log(run.perplexity / chain.perplexity()) / (run.perplexity_error / run.perplexity);
  if (kInexact.contains(GetParam())) {
    // The test can fail: these are far off.
    EXPECT_GT(chi, freedom + 10 * std::sqrt(2 * freedom));
    return;
  }
  EXPECT_LT(chi, freedom + 4.5 * std::sqrt(2 * freedom));
  EXPECT_LT(std::abs(off), 4) << run.perplexity << " instead of " << chain.perplexity();
}

INSTANTIATE_TEST_SUITE_P(Registry, ExactSampler, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& entry : samplers::sampler_registry()) names.emplace_back(entry.name);
                           return names;
                         }()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(PlantedSource, FewerStepsCostFewerCallsAndQuality) {
  const PlantedChain chain({16, 16, 1.5, 7});
  PlantedSource source(chain, 4);
  const ChainRun few = sample_chain(source, chain, "random", {}, 4, 1500, 1);
  const ChainRun all = sample_chain(source, chain, "random", {}, 16, 1500, 1);
  EXPECT_EQ(few.calls, 4);
  EXPECT_EQ(all.calls, 16);
  EXPECT_GT(few.perplexity, all.perplexity + 4 * (few.perplexity_error + all.perplexity_error));
}

TEST(PlantedSource, EverySamplerReportsTheCallsThatWereMade) {
  const PlantedChain chain({8, 12, 1.5, 7});
  for (const auto& entry : samplers::sampler_registry()) {
    PlantedSource source(chain, 4);
    std::vector<int> calls;
    sample_sequences(source, *samplers::make_sampler(entry.name), 9, 50, 1, calls);
    std::int64_t sum = 0;
    for (int c : calls) sum += c;
    EXPECT_EQ(sum, source.requests()) << entry.name;
    EXPECT_LE(*std::ranges::max_element(calls), source.passes()) << entry.name;
  }
}

TEST(PlantedSource, SecondOrderIsBetterAtFewSteps) {
  const PlantedChain chain({32, 32, 1.5, 7});
  PlantedSource source(chain, 8);
  const ChainRun first = sample_chain(source, chain, "random", {}, 4, 1500, 1);
  const ChainRun second = sample_chain(source, chain, "first-hitting-2", {}, 4, 1500, 1);
  EXPECT_EQ(second.calls, 4);
  EXPECT_LT(second.perplexity + 2 * (first.perplexity_error + second.perplexity_error), first.perplexity);
  EXPECT_GT(second.perplexity, chain.perplexity());
}

}  // namespace
}  // namespace lacuna::laboratory
