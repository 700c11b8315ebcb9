#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/generation/denoise_loop.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/generation/logit_proposer.h"
#include "runtime/samplers/released_llada.h"
#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {
namespace {

using fusion::Canvas;
using weights::Json;

/// The arguments of a recorded run of LLaDA's generate or MMaDA's mmu_generate.
struct Recorded {
  Json json;
  std::vector<std::vector<std::int32_t>> prompt, mask;
  int length = 0;

  explicit Recorded(const std::filesystem::path& file) : json(read_case(file)) {
    prompt = rows_of_ids(json.at("prompt"));
    if (const Json* given = json.find("attention_mask"); given && !given->is_null()) mask = rows_of_ids(*given);
    length = int(json.at(json.find("gen_length") ? "gen_length" : "max_new_tokens").as_integer());
  }
  int integer(const char* key, int otherwise = 0) const {
    const Json* value = json.find(key);
    return value && !value->is_null() ? int(value->as_integer()) : otherwise;
  }
  bool flag(const char* key) const {
    const Json* value = json.find(key);
    return value && value->as_boolean();
  }
  double number(const char* key) const { return json.at(key).as_number(); }

  /// Padding in front is left out; the rotary positions stay.
  std::vector<Canvas> canvases(const fusion::ModelFamily& family) const {
    std::vector<Canvas> list;
    for (std::size_t r = 0; r < prompt.size(); ++r) {
      const std::size_t padding = padding_of(r);
      list.push_back(family.write({std::span(prompt[r]).subspan(padding), {}, length, {}, 0, 0}));
      list.back().set_first_position(int(padding));
    }
    return list;
  }
  std::size_t padding_of(std::size_t row) const {
    return mask.empty() ? 0 : std::size_t(std::ranges::find(mask[row], 1) - mask[row].begin());
  }
  std::vector<std::int32_t> with_padding(std::size_t row, const Canvas& canvas) const {
    std::vector<std::int32_t> all(prompt[row].begin(), prompt[row].begin() + std::ptrdiff_t(padding_of(row)));
    all.insert(all.end(), canvas.ids().begin(), canvas.ids().end());
    return all;
  }
};

/// What a recorded run excludes from being drawn and from confidences; ids of the vocabulary.
struct Excluded {
  std::vector<std::int32_t> from_draws;
  std::vector<std::int32_t> from_confidence;
};

/// exp(logits) / (-ln U)^temperature with the recorded uniforms; rows are told apart by their seeds. The recorded
/// positions count padding, ours do not.
generation::RowRule recorded_noise(const Tensors& draws, const Recorded& run, const Excluded& excluded) {
  const auto noise = draws.numbers("uniform_logit_noise");
  const auto shape = draws.shape("uniform_logit_noise");
  const double temperature = run.number("temperature");
  return [=, &run](const generation::LogitRow& row, const generation::DenoiseRequest& request,
                   const generation::DrawOptions&, std::uint32_t step) {
    const std::vector<float> logits = row.guided();
    const auto vocabulary = logits.size();
    const std::size_t at = (std::size_t(step) * std::size_t(shape[1]) + request.seed) * std::size_t(shape[2]) +
                           std::size_t(row.position) + run.padding_of(request.seed) - run.prompt.front().size();
    std::size_t best = 0;
    double best_score = -1;
    for (std::size_t v = 0; v < vocabulary; ++v) {
      if (std::ranges::find(excluded.from_draws, std::int32_t(v)) != excluded.from_draws.end()) continue;
      const double u = noise[at * vocabulary + v];
      const double score = std::exp(double(logits[v])) / std::pow(-std::log(u), temperature);
      if (score > best_score) {
        best_score = score;
        best = v;
      }
    }
    const auto p = generation::distribution_of(logits, {}, 1.0f, excluded.from_confidence);
    return samplers::PositionProposal{row.position, row.modality, std::int32_t(best), std::log(p[best]), 0, 0};
  };
}

/// Masks of each canvas.
int masks_of(std::span<const Canvas> canvases) {
  int count = 0;
  for (const Canvas& canvas : canvases) count += canvas.masked_count();
  return count;
}

void replay(const Recorded& run, Engine& engine) {
  const auto model = ReleasedModel::open(run.json.at("model").as_string());
  const auto family = model.family();
  generation::Denoiser denoiser(family, *engine.executor, model.checkpoint);
  std::vector<Canvas> canvases = run.canvases(*family);
  std::vector<std::uint64_t> seeds;
  for (std::size_t r = 0; r < canvases.size(); ++r) seeds.push_back(r);

  samplers::ReleasedLladaOptions options;
  options.block_length = run.integer("block_length");
  options.fidelity = samplers::Fidelity::original;
  // The original looks at all rows of a batch together, our sampler at each on its own.
  const int stop = run.integer("eot_token", -1);
  if (run.prompt.size() == 1) options.stop_token = stop;
  generation::LoopOptions loop;
  loop.steps = run.integer("steps");
  loop.leftover = generation::Leftover::kept;
  loop.draws.text.temperature = float(run.number("temperature"));
  loop.draws.text.guidance_scale = 1.0f + float(run.number("cfg_scale"));
  if (run.flag("logits_eos_inf")) loop.banned = {run.integer("eos_id")};

  std::unique_ptr<generation::ProposalSource> rule;
  const Json* file = run.json.find("draws_file");
  const bool drawn = file && !file->is_null();
  const auto draws = drawn ? std::make_shared<Tensors>(fixtures() / "sampling_text" / file->as_string()) : nullptr;
  if (drawn && draws->has("uniform_logit_noise")) {
    Excluded excluded;
    if (run.flag("logits_eos_inf")) excluded.from_draws = excluded.from_confidence = {run.integer("eos_id")};
    // At temperatures above 0 the original leaves end-of-text in the confidences.
    if (run.flag("confidence_eos_eot_inf")) excluded.from_confidence.push_back(run.integer("eot_id"));
    rule = std::make_unique<generation::LogitProposer>(denoiser, recorded_noise(*draws, run, excluded));
  } else if (run.flag("confidence_eos_eot_inf")) {
    rule = std::make_unique<generation::LogitProposer>(
        denoiser, generation::llada_late_ends(run.integer("eos_id"), run.integer("eot_id"),
                                              samplers::Fidelity::original));
  }
  if (drawn && draws->has("uniform_confidence")) {
    const auto uniforms = draws->numbers("uniform_confidence");
    const auto shape = draws->shape("uniform_confidence");
    options.uniform = [uniforms, shape, &run](std::uint64_t seed, int step, int position) {
      return uniforms[(std::size_t(step) * std::size_t(shape[1]) + seed) * std::size_t(shape[2]) +
                      std::size_t(position) + run.padding_of(seed)];
    };
  }
  if (run.json.at("remasking").as_string() == "random") options.order = samplers::ReleasedLladaOptions::Order::random;
  const auto sampler = samplers::make_released_llada(options);

  const auto& trace = run.json.at("canvas_after_step").as_array();
  const auto placed = ids(run.json.at("tokens_placed_per_step"));
  const int block = run.integer("block_length"), steps_per_block = run.integer("steps_per_block", 1);
  std::size_t step = 0;
  int masks = masks_of(canvases);
  const auto compare = [&](const generation::StepReport& report) {
    const int left = masks_of(report.canvases);
    if (step < placed.size()) { EXPECT_EQ(masks - left, placed[step]) << "step " << step; }
    masks = left;
    for (std::size_t r = 0; r < report.canvases.size() && step < trace.size(); ++r) {
      EXPECT_EQ(run.with_padding(r, report.canvases[r]), ids(trace[step].as_array().at(r)))
          << "step " << step << " row " << r;
    }
    ++step;
    if (stop >= 0 && run.prompt.size() > 1 && step % std::size_t(steps_per_block) == 0) {
      const int last = int(step) / steps_per_block * block - 1;
      const bool ended = std::ranges::all_of(report.canvases, [&](const Canvas& canvas) {
        return canvas.ids(fusion::Modality::text)[std::size_t(last)] == stop;
      });
      if (ended) return generation::Continue::no;
    }
    return testing::Test::HasFailure() ? generation::Continue::no : generation::Continue::yes;
  };
  denoise(rule ? *rule : static_cast<generation::ProposalSource&>(denoiser), *sampler, canvases, seeds, loop, compare);
  EXPECT_LE(step, trace.size());
  EXPECT_LE(denoiser.passes(), run.integer("forward_passes"));
  const auto final = rows_of_ids(run.json.at("final"));
  for (std::size_t r = 0; r < canvases.size(); ++r) EXPECT_EQ(run.with_padding(r, canvases[r]), final[r]) << "row " << r;
}

TEST(GoldenText, TracesAfterEveryStep) {
  int count = 0;
  for (const auto& file : cases("sampling_text", ".json")) {
    const std::string name = file.filename().string();
    if (name.ends_with("must_reject.json") || name.ends_with("transfer_counts.json")) continue;
    if (!has_model(model_of(file))) continue;
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(name + " on " + engine.name);
      replay(Recorded(file), engine);
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

/// What the corrected sampler does with a prompt that holds masks: none is left over, and what was known stays.
TEST(GoldenText, CorrectedRunsLeaveNoMask) {
  for (const auto& file : cases("sampling_text", ".json")) {
    if (file.filename().string().find("mask_in_prompt") == std::string::npos || !has_model(model_of(file))) continue;
    SCOPED_TRACE(file.filename().string());
    const Recorded run(file);
    const auto model = ReleasedModel::open(model_of(file));
    auto engines = float_engines();
    generation::Denoiser denoiser(model.family(), *engines.front().executor, model.checkpoint);
    for (const int steps : {1, 3, run.integer("steps")}) {
      auto canvases = run.canvases(*model.family());
      samplers::ReleasedLladaOptions options;
      options.block_length = run.integer("block_length");
      generation::LoopOptions loop;
      loop.steps = steps;
      loop.draws.text.temperature = 0.0f;
      const std::vector<std::uint64_t> seeds(canvases.size(), 0);
      denoise(denoiser, *samplers::make_released_llada(options), canvases, seeds, loop);
      for (std::size_t r = 0; r < canvases.size(); ++r) {
        EXPECT_EQ(canvases[r].masked_count(), 0);
        EXPECT_EQ(std::ranges::count(canvases[r].ids(), model.family()->tokens().mask), 0);
        for (std::size_t i = 0; i < run.prompt[r].size(); ++i) {
          if (run.prompt[r][i] != run.integer("mask_id")) { EXPECT_EQ(canvases[r].ids()[i], run.prompt[r][i]); }
        }
      }
    }
  }
}

TEST(GoldenText, TransferCounts) {
  const auto items = items_of("sampling_text", "transfer_counts.json");
  if (items.empty()) GTEST_SKIP() << "no cases in this set";
  for (const Json& item : items) {
    const int masked = int(item.at("masked").as_integer()), steps = int(item.at("steps").as_integer());
    std::vector<std::int32_t> counts;
    for (int i = 0; i < steps; ++i) counts.push_back(samplers::transfer_count(masked, steps, i));
    EXPECT_EQ(counts, ids(item.at("counts"))) << masked << " in " << steps;
  }
}

TEST(GoldenText, WhatTheOriginalRefusesIsRefusedThereAndDoneHere) {
  const auto items = items_of("sampling_text", "must_reject.json");
  if (items.empty()) GTEST_SKIP() << "no cases in this set";
  for (const Json& item : items) {
    const int length = int(item.at("gen_length").as_integer()), block = int(item.at("block_length").as_integer());
    const int steps = int(item.at("steps").as_integer());
    EXPECT_THROW(samplers::text_blocks(length, block, steps, samplers::Fidelity::original), std::invalid_argument);
    int at = 0, spent = 0;
    for (const auto& b : samplers::text_blocks(length, block, steps, samplers::Fidelity::corrected)) {
      EXPECT_EQ(b.begin, at);
      EXPECT_EQ(b.first_step, spent);
      EXPECT_GE(b.steps, 1);
      at = b.end;
      spent += b.steps;
    }
    EXPECT_EQ(at, length);
    EXPECT_EQ(spent, steps);
  }
}

}  // namespace
}  // namespace lacuna::golden
