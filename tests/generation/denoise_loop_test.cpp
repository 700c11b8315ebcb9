#include "runtime/generation/denoise_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

#include "fusion/models/lacuna_family.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/samplers/sampler_registry.h"
#include "tests/support/random_weights.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;

std::shared_ptr<const fusion::ModelFamily> tiny_family() {
  fusion::LacunaSizes sizes;
  sizes.text_vocabulary = 24;
  sizes.codebook = 16;
  sizes.text_length = 6;
  sizes.grid = 3;
  sizes.width = 32;
  sizes.layers = 2;
  sizes.heads = 2;
  sizes.mlp_width = 40;
  return fusion::make_lacuna_family(fusion::make_lacuna_config(sizes));
}

class DenoiseLoop : public testing::Test {
 protected:
  DenoiseLoop() : family_(tiny_family()) {
    const fusion::DenoiserShape shape{{17}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
    denoiser_ = std::make_unique<Denoiser>(family_, executor_,
                                           testing_support::random_weights({family_->build(shape)}));
  }

  std::vector<Canvas> jobs() const {
    const std::vector<std::int32_t> words{5, 6, 7}, gaps{5, family_->tokens().mask, 7};
    const std::vector<std::int32_t> codes{0, 1, 2, 3, 4, 5, 6, 7, 8}, holes{0, -1, 2, -1, -1, 5, 6, 7, 8};
    return {family_->caption(codes, {}), family_->generate(words), family_->infill(gaps, holes),
            family_->joint()};
  }

  /// Runs one canvas and returns its ids.
  std::vector<std::int32_t> run(Canvas canvas, std::uint64_t seed, const LoopOptions& options,
                                const std::string& sampler = "confidence") {
    const samplers::SamplerOptions made =
        sampler == "confidence" ? samplers::SamplerOptions{{{"randomness", 1.0}}} : samplers::SamplerOptions{};
    denoise(*denoiser_, *samplers::make_sampler(sampler, made), {&canvas, 1}, {&seed, 1}, options);
    return {canvas.ids().begin(), canvas.ids().end()};
  }

  std::shared_ptr<const fusion::ModelFamily> family_;
  cpu::ReferenceExecutor executor_;
  std::unique_ptr<Denoiser> denoiser_;
};

TEST_F(DenoiseLoop, EverySamplerFillsEveryJobAndChangesNothingGiven) {
  const auto& tokens = family_->tokens();
  for (const auto& entry : samplers::sampler_registry()) {
    for (int steps : {1, 2, 5, 20}) {
      // Needs a step for each of its blocks: one of words, two of codes.
      if (entry.name == "semi-autoregressive" && steps < 3) continue;
      for (const Canvas& before : jobs()) {
        Canvas after = before;
        const auto passes = denoiser_->passes();
        const std::uint64_t seed = 9;
        LoopOptions options;
        options.steps = steps;
        const auto result = denoise(*denoiser_, *samplers::make_sampler(entry.name), {&after, 1}, {&seed, 1}, options);
        EXPECT_EQ(result.outcome, Outcome::finished);
        EXPECT_LE(result.log_probs.at(0), 0.0);
        EXPECT_EQ(result.calls.at(0), denoiser_->passes() - passes) << entry.name;
        EXPECT_EQ(after.masked_count(), 0) << entry.name << ' ' << steps;
        for (int i = 0; i < before.size(); ++i) {
          const auto state = before.states()[std::size_t(i)];
          EXPECT_NE(after.ids()[std::size_t(i)], tokens.mask);
          if (state == fusion::PositionState::masked) continue;
          EXPECT_EQ(after.ids()[std::size_t(i)], before.ids()[std::size_t(i)]);
        }
      }
    }
  }
}

TEST_F(DenoiseLoop, SameSeedSameTokensAndOtherSeedsDiffer) {
  const Canvas canvas = family_->generate(std::vector<std::int32_t>{5});
  LoopOptions options;
  options.steps = 4;
  EXPECT_EQ(run(canvas, 1, options), run(canvas, 1, options));
  EXPECT_NE(run(canvas, 1, options), run(canvas, 2, options));
}

TEST_F(DenoiseLoop, AResultDoesNotDependOnTheRestOfTheBatch) {
  LoopOptions options;
  options.steps = 5;
  options.draws.image.guidance_scale = 2.0f;
  options.draws.text.guidance_scale = 1.5f;
  const auto sampler = samplers::make_sampler("confidence", {{{"randomness", 1.0}}});
  std::vector<Canvas> batch = jobs();
  std::vector<std::uint64_t> seeds{11, 12, 13, 14};
  denoise(*denoiser_, *sampler, batch, seeds, options);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto alone = run(jobs()[i], seeds[i], options);
    EXPECT_TRUE(std::ranges::equal(alone, batch[i].ids())) << i;
  }
}

TEST_F(DenoiseLoop, EverySamplersResultIsItsOwnInABatch) {
  LoopOptions options;
  options.steps = 6;
  for (const auto& entry : samplers::sampler_registry()) {
    std::vector<Canvas> batch = jobs();
    const std::vector<std::uint64_t> seeds{21, 22, 23, 24};
    denoise(*denoiser_, *samplers::make_sampler(entry.name, entry.name == "confidence"
                                                    ? samplers::SamplerOptions{{{"randomness", 1.0}}}
                                                    : samplers::SamplerOptions{}),
            batch, seeds, options);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      EXPECT_TRUE(std::ranges::equal(run(jobs()[i], seeds[i], options, std::string(entry.name)), batch[i].ids()))
          << entry.name << i;
    }
  }
}

TEST_F(DenoiseLoop, WholeDistributionsSumToOneAndDrawTheSameTokens) {
  Canvas canvas = family_->joint();
  const std::vector<int> some{1, 3, 9};
  for (float guidance : {1.0f, 2.5f}) {
    Draws draws;
    draws.text.guidance_scale = draws.image.guidance_scale = guidance;
    draws.text.temperature = 0.7f;
    const DenoiseRequest plain[] = {{&canvas, 5, some}}, whole[] = {{&canvas, 5, some, true}};
    const auto on_device = denoiser_->propose(plain, draws, 3).at(0), on_host = denoiser_->propose(whole, draws, 3).at(0);
    ASSERT_EQ(on_device.size(), 3u);
    ASSERT_EQ(on_host.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(on_host[i].position, some[i]);
      EXPECT_EQ(on_host[i].token, on_device[i].token);
      EXPECT_NEAR(on_host[i].log_prob, on_device[i].log_prob, 1e-4);
      EXPECT_NEAR(on_host[i].margin, on_device[i].margin, 1e-4);
      EXPECT_NEAR(on_host[i].entropy, on_device[i].entropy, 1e-3);
      double sum = 0;
      for (float p : on_host[i].distribution) sum += p;
      EXPECT_NEAR(sum, 1, 1e-5);
      EXPECT_TRUE(on_device[i].distribution.empty());
    }
  }
}

TEST_F(DenoiseLoop, BannedTokensAreNeverDrawn) {
  const auto& tokens = family_->tokens();
  LoopOptions options;
  options.steps = 5;
  // All but four codes and all words but three and the end.
  for (int k = 4; k < tokens.image.size; ++k) options.banned.push_back(tokens.image.begin + k);
  for (int k = 0; k < tokens.text.size; ++k) {
    const std::int32_t id = tokens.text.begin + k;
    if (k % 8 != 5 && id != tokens.end_of_text) options.banned.push_back(id);
  }
  const std::set<std::int32_t> banned(options.banned.begin(), options.banned.end());
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::int32_t id : run(family_->joint(), seed, options, seed % 2 ? "remdm-cap" : "confidence")) {
      EXPECT_FALSE(banned.contains(id));
    }
  }
  options.banned.clear();
  for (int k = 0; k < tokens.image.size; ++k) options.banned.push_back(tokens.image.begin + k);
  EXPECT_THROW(run(family_->joint(), 1, options), std::invalid_argument);
}

TEST_F(DenoiseLoop, GuidanceScaleOneIsNoGuidance) {
  const Canvas canvas = family_->generate(std::vector<std::int32_t>{5, 8});
  LoopOptions plain, nearly;
  plain.steps = nearly.steps = 3;
  plain.draws.image.temperature = nearly.draws.image.temperature = 0;
  nearly.draws.image.guidance_scale = 1.0f + 1e-6f;  // takes the guided path
  EXPECT_EQ(run(canvas, 3, plain), run(canvas, 3, nearly));
  LoopOptions strong = plain;
  strong.draws.image.guidance_scale = 8.0f;
  EXPECT_NE(run(canvas, 3, plain), run(canvas, 3, strong));
}

TEST_F(DenoiseLoop, ReportsEachStepAndStopsWithinOne) {
  std::vector<Canvas> canvases{family_->joint()};
  const std::vector<std::uint64_t> seeds{5};
  LoopOptions options;
  options.steps = 6;
  std::vector<int> left;
  const auto before = denoiser_->passes();
  const auto result = denoise(*denoiser_, *samplers::make_sampler("random"), canvases, seeds, options,
                              [&](const StepReport& report) {
                                EXPECT_EQ(report.step, int(left.size()) + 1);
                                EXPECT_EQ(report.masked_left, report.canvases[0].masked_count());
                                left.push_back(report.masked_left);
                                return left.size() == 3 ? Continue::no : Continue::yes;
                              });
  EXPECT_EQ(result.outcome, Outcome::cancelled);
  EXPECT_EQ(left.size(), 3u);
  EXPECT_TRUE(std::ranges::is_sorted(left, std::greater<>()));
  EXPECT_EQ(denoiser_->passes() - before, 3);
}

TEST_F(DenoiseLoop, PassesCountTheirOperations) {
  EXPECT_FALSE(denoiser_->first_began());
  const Canvas canvas = family_->joint();
  const std::vector<DenoiseRequest> requests{{&canvas, 1}};
  denoiser_->propose(requests, {}, 0);
  const double one = denoiser_->flops();
  // Twice the multiply-adds of the layers alone, at least.
  const auto& t = family_->transformer();
  EXPECT_GT(one, 2.0 * canvas.size() * t.layers * (4.0 * t.width * t.width + 3.0 * t.width * t.mlp_width));
  const auto began = denoiser_->first_began();
  ASSERT_TRUE(began);
  denoiser_->propose(requests, {}, 1);
  EXPECT_EQ(denoiser_->flops(), 2 * one);
  EXPECT_EQ(denoiser_->first_began(), began);
}

TEST_F(DenoiseLoop, TextEndsOnce) {
  const auto& tokens = family_->tokens();
  LoopOptions options;
  options.steps = 6;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto ids = run(family_->joint(), seed, options);
    const auto text = std::span(ids).first(6);
    const auto end = std::ranges::find(text, tokens.end_of_text);
    EXPECT_TRUE(std::all_of(end, text.end(), [&](std::int32_t id) { return id == tokens.end_of_text; })) << seed;
  }
}

TEST_F(DenoiseLoop, RefusesBadOptions) {
  std::vector<Canvas> canvases{family_->joint()};
  const std::vector<std::uint64_t> seeds{5};
  const auto sampler = samplers::make_sampler("random");
  LoopOptions options;
  options.steps = 0;
  EXPECT_THROW(denoise(*denoiser_, *sampler, canvases, seeds, options), std::invalid_argument);
  options.steps = 2;
  options.draws.text.temperature = -1;
  EXPECT_THROW(denoise(*denoiser_, *sampler, canvases, seeds, options), std::invalid_argument);
  options.draws.text.temperature = 1;
  EXPECT_THROW(denoise(*denoiser_, *sampler, canvases, {}, options), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::generation
