#include "tests/golden/recorded_pictures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/generation/denoise_loop.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/generation/logit_proposer.h"
#include "runtime/samplers/tempered_confidence.h"
#include "runtime/samplers/tempered_sampler.h"
#include "text/tokenizer_json.h"

namespace lacuna::golden {
namespace {

using fusion::Canvas;
using fusion::Modality;
using generation::DenoiseRequest;
using generation::LogitRow;

/// Show-o appends ten tokens to the tokenizer's, the first of them the padding.
constexpr std::int32_t kShowoTokens = 10;

/// The canvas of a row from its words and codes, through the family's own layout.
Canvas canvas_of(const RecordedPictures& run, const fusion::ModelFamily& family, int row) {
  const auto ids = run.valid_row("input_ids", "validity", row);
  const auto& space = family.tokens();
  const auto begin_image = ids.size() - std::size_t(run.codes) - 2;
  EXPECT_EQ(ids[begin_image], space.begin_image);
  std::vector<std::int32_t> codes;
  for (std::size_t i = begin_image + 1; i + 1 < ids.size(); ++i) {
    codes.push_back(ids[i] == space.mask ? fusion::kMaskedCode : ids[i] - space.image.begin);
  }
  // t2i BOS words EOS soi
  const std::vector<std::int32_t> words(ids.begin() + 2, ids.begin() + std::ptrdiff_t(begin_image) - 1);
  const Canvas canvas = family.infill(words, codes);
  EXPECT_EQ(std::vector<std::int32_t>(canvas.ids().begin(), canvas.ids().end()), ids);
  return canvas;
}

/// The layout of the words that the run was asked for, from the tokenizer on.
void expect_layout_of_texts(const RecordedPictures& run, const ReleasedModel& model, const fusion::ModelFamily& family) {
  const weights::Json* texts = run.json.find("texts");
  if (!texts) return;
  const auto tokenizer = text::open_tokenizer_json(model.tokenizer);
  for (int row = 0; row < run.batch; ++row) {
    const auto words = tokenizer.encode_with_specials(texts->as_array().at(std::size_t(row)).as_string());
    const auto recorded = run.valid_row("input_ids", "validity", row);
    const Canvas canvas = family.generate(words);
    std::vector<std::int32_t> got(canvas.ids().begin(), canvas.ids().end());
    std::copy(recorded.end() - run.codes - 1, recorded.end(), got.end() - run.codes - 1);  // known codes
    EXPECT_EQ(got, recorded) << "row " << row;
  }
}

double difference(std::span<const float> got, const std::vector<double>& all, std::size_t row) {
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = std::abs(double(got[i]) - all[row * got.size() + i]);
    if (!(d <= largest)) largest = d;
  }
  return largest;
}

/// The recorded draws, with everything checked that was recorded about them.
class RecordedDraws {
 public:
  RecordedDraws(const RecordedPictures& run, std::vector<int> begins, const PictureTolerances& allowed)
      : run_(run), begins_(std::move(begins)), allowed_(allowed), draws_(run.integers("draws")),
        selected_(optional("selected_probs")), exponentials_(optional("exponentials")),
        conditional_(optional("step0_cond_logits")), unconditional_(optional("step0_uncond_logits")),
        combined_(optional("step0_combined_logits")), probabilities_(optional("step0_probs")) {}

  samplers::PositionProposal operator()(const LogitRow& row, const DenoiseRequest& request, std::uint32_t step,
                                        std::int32_t first_id) const {
    const auto place = std::size_t(row.position - begins_[request.seed]);
    const std::size_t at = run_.at(step, request.seed, place);
    const auto token = std::size_t(draws_[at]);
    const std::vector<float> logits = row.guided();
    const auto p = generation::distribution_of(logits, {}, 1.0f, {});
    if (!selected_.empty()) {
      EXPECT_NEAR(p.at(token), selected_[at], allowed_.probabilities) << "step " << step << " code " << place;
    }
    if (!exponentials_.empty()) {
      std::size_t best = 0;
      double best_score = -1;
      for (std::size_t v = 0; v < p.size(); ++v) {
        const double score = p[v] / exponentials_[at * p.size() + v];
        if (score > best_score) best = v, best_score = score;
      }
      EXPECT_EQ(best, token) << "step " << step << " code " << place;
    }
    if (step == 0) {
      const std::size_t first = request.seed * std::size_t(run_.codes) + place;
      const auto check = [&](const std::vector<double>& wanted, std::span<const float> got, double tolerance) {
        if (wanted.empty()) return;
        ASSERT_FALSE(got.empty());
        EXPECT_LE(difference(got, wanted, first), tolerance) << "code " << place;
      };
      check(conditional_, row.conditional, allowed_.logits);
      check(unconditional_, row.unconditional, allowed_.logits);
      check(combined_, logits, allowed_.logits);
      check(probabilities_, p, allowed_.probabilities);
    }
    return {row.position, row.modality, first_id + std::int32_t(token), std::log(p[token]), 0, 0};
  }

 private:
  std::vector<double> optional(const std::string& name) const {
    return run_.has(name) ? run_.numbers(name) : std::vector<double>{};
  }

  const RecordedPictures& run_;
  std::vector<int> begins_;
  PictureTolerances allowed_;
  std::vector<std::int64_t> draws_;
  std::vector<double> selected_, exponentials_, conditional_, unconditional_, combined_, probabilities_;
};

/// What was recorded of the order in which codes are kept, step by step, also in the last step, whose masks a run of
/// ours does not make.
void expect_remasking(const RecordedPictures& run, const samplers::MaskRatio& ratio, const fusion::TokenSpace& space) {
  if (!run.has("remasked")) return;
  const auto kept = run.integers("keep_masked"), remasked = run.integers("remasked"), draws = run.integers("draws");
  const auto after = run.integers("image_ids_after_step");
  const auto temperatures = run.numbers("temperature_per_step"), selected = run.numbers("selected_probs");
  const auto uniforms = run.numbers("uniforms");
  double temperature = run.json.at("temperature").as_number();
  std::vector<std::vector<std::int32_t>> image;
  for (int row = 0; row < run.batch; ++row) {
    const auto ids = run.valid_row("input_ids", "validity", row);
    image.emplace_back(ids.end() - run.codes - 1, ids.end() - 1);
  }
  for (int step = 0; step < run.steps; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    temperature *= 1.0 - double(step + 1) / run.steps;
    EXPECT_NEAR(temperature, temperatures.at(std::size_t(step)), 1e-12);
    for (int row = 0; row < run.batch; ++row) {
      auto& ids = image[std::size_t(row)];
      const int unknown = int(std::ranges::count(ids, space.mask));
      const int keep = samplers::released_keep_count(ratio, run.codes, unknown, step, run.steps);
      EXPECT_EQ(keep, kept.at(std::size_t(step * run.batch + row)));
      std::vector<float> confidence;
      for (int i = 0; i < run.codes; ++i) {
        const std::size_t at = run.at(std::size_t(step), std::size_t(row), std::size_t(i));
        confidence.push_back(
            samplers::tempered_confidence(float(selected[at]), float(temperature), float(uniforms[at])));
      }
      const auto got = samplers::remask_below(confidence, keep);
      for (int i = 0; i < run.codes; ++i) {
        const std::size_t at = run.at(std::size_t(step), std::size_t(row), std::size_t(i));
        EXPECT_EQ(std::int64_t(got[std::size_t(i)]), remasked[at]) << "row " << row << " code " << i;
        std::int32_t& id = ids[std::size_t(i)];
        if (id == space.mask) id = space.image.begin + std::int32_t(draws[at]);
        if (got[std::size_t(i)]) id = space.mask;
        EXPECT_EQ(id, after[at]) << "row " << row << " code " << i;
      }
    }
  }
}

/// The ids that the unconditional branch is fed with: before the first step, and in the last.
void expect_branches(const RecordedPictures& run, const fusion::ModelFamily& family, std::span<const Canvas> canvases,
                     const std::string& name) {
  if (!run.has(name)) return;
  for (int row = 0; row < run.batch; ++row) {
    const auto branch = family.unconditional(canvases[std::size_t(row)], Modality::image);
    EXPECT_EQ(branch.ids, run.valid_row(name, "uncond_validity", row)) << name << " row " << row;
  }
}

/// Who sees whom, where it was recorded: conditional rows first, then the unconditional ones.
void expect_attention(const RecordedPictures& run, const fusion::ModelFamily& family) {
  if (!run.has("attention_allowed")) return;
  const auto allowed = run.integers("attention_allowed");
  const auto shape = run.tensors.shape(run.prefix + "attention_allowed");
  const auto length = std::size_t(shape[2]);
  ASSERT_TRUE(shape[0] == run.batch || shape[0] == 2 * run.batch);
  for (std::int64_t r = 0; r < shape[0]; ++r) {
    const bool conditional = r < run.batch;
    const auto ids = run.valid_row(conditional ? "input_ids" : "uncond_input_ids",
                                   conditional ? "validity" : "uncond_validity", int(r % run.batch));
    const std::size_t padding = length - ids.size();
    const auto seen = family.seen(ids);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      for (std::size_t j = 0; j < length; ++j) {
        const bool got = j >= padding && j - padding < std::size_t(seen[i]);
        EXPECT_EQ(std::int64_t(got), allowed[(std::size_t(r) * length + padding + i) * length + j])
            << "row " << r << ": " << i << " sees " << j;
      }
    }
  }
}

}  // namespace

RecordedPictures::RecordedPictures(weights::Json arguments, const std::filesystem::path& file, std::string names)
    : json(std::move(arguments)), tensors(file.parent_path() / json.at("data").as_string()),
      steps(int(json.at("steps").as_integer())), prefix(std::move(names)) {
  batch = int(tensors.shape(prefix + "input_ids")[0]);
  const weights::Json* count = json.find("image_tokens");
  const int side = count ? 0 : int(json.at("grid").as_integer());
  codes = count ? int(count->as_integer()) : side * side;
}

std::vector<std::int32_t> RecordedPictures::valid_row(const std::string& ids, const std::string& validity,
                                                      int row) const {
  const auto length = std::size_t(tensors.shape(prefix + ids)[1]);
  const auto all = integers(ids);
  const std::int64_t pad = json.at("image_offset").as_integer() - kShowoTokens;
  const auto valid = has(validity) ? integers(validity) : std::vector<std::int64_t>{};
  std::vector<std::int32_t> list;
  for (std::size_t t = 0; t < length; ++t) {
    const std::size_t i = std::size_t(row) * length + t;
    if (valid.empty() ? all[i] != pad : valid[i] != 0) list.push_back(std::int32_t(all[i]));
  }
  return list;
}

void replay_pictures(const RecordedPictures& run, const ReleasedModel& model, Engine& engine,
                     const PictureTolerances& allowed) {
  const auto family = model.family(int(run.json.at("max_text_tokens").as_integer()), run.codes);
  const auto& space = family->tokens();
  EXPECT_EQ(space.mask, run.json.at("mask_id").as_integer());
  EXPECT_EQ(space.image.begin, run.json.at("image_offset").as_integer());
  if (const auto* size = run.json.find("codebook_size")) { EXPECT_EQ(space.image.size, size->as_integer()); }
  const auto ratio = samplers::MaskRatio::named(run.json.at("schedule").as_string());
  expect_layout_of_texts(run, model, *family);
  expect_attention(run, *family);
  expect_remasking(run, ratio, space);

  std::vector<Canvas> canvases;
  std::vector<std::uint64_t> seeds;  // the number of a row
  std::vector<int> begins;
  for (int row = 0; row < run.batch; ++row) {
    canvases.push_back(canvas_of(run, *family, row));
    begins.push_back(canvases.back().span(Modality::image).begin);
    seeds.push_back(std::uint64_t(row));
  }
  expect_branches(run, *family, canvases, "uncond_input_ids");

  generation::Denoiser denoiser(family, *engine.executor, model.checkpoint);
  const RecordedDraws draws(run, begins, allowed);
  generation::LogitProposer proposer(
      denoiser, [&](const LogitRow& row, const DenoiseRequest& request, const generation::DrawOptions&,
                    std::uint32_t step) { return draws(row, request, step, space.image.begin); });
  const auto uniforms = run.numbers("uniforms");
  samplers::TemperedOptions options;
  options.temperature = run.json.at("temperature").as_number();
  options.ratio = ratio;
  options.cooling = samplers::TemperedOptions::Cooling::compounding;
  options.uniform = [&](std::uint64_t seed, int step, int position) {
    return uniforms[run.at(std::size_t(step), seed, std::size_t(position - begins[seed]))];
  };
  generation::LoopOptions loop;
  loop.steps = run.steps;
  loop.draws.image.guidance_scale = 1.0f + float(run.json.at("guidance_scale").as_number());
  const bool traced = run.has("image_ids_after_step");
  const auto after = traced ? run.integers("image_ids_after_step") : std::vector<std::int64_t>{};
  int step = 0;
  const auto compare = [&](const generation::StepReport& report) {
    for (int row = 0; traced && row < run.batch; ++row) {
      const auto got = report.canvases[std::size_t(row)].ids(Modality::image);
      for (int i = 0; i < run.codes && step + 1 < run.steps; ++i) {
        EXPECT_EQ(got[std::size_t(i)], after[run.at(std::size_t(step), std::size_t(row), std::size_t(i))])
            << "step " << step << " row " << row << " code " << i;
      }
    }
    if (step + 2 == run.steps) expect_branches(run, *family, report.canvases, "uncond_model_input_step_last");
    ++step;
    return testing::Test::HasFailure() ? generation::Continue::no : generation::Continue::yes;
  };
  denoise(proposer, *samplers::make_tempered(options), canvases, seeds, loop, compare);
  const auto codes = run.integers("codes");
  for (int row = 0; row < run.batch; ++row) {
    for (int i = 0; i < run.codes; ++i) {
      EXPECT_EQ(canvases[std::size_t(row)].ids(Modality::image)[std::size_t(i)] - space.image.begin,
                codes[std::size_t(row * run.codes + i)])
          << "row " << row << " code " << i;
    }
  }
}

}  // namespace lacuna::golden
