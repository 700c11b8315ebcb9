#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runtime/generation/denoise_loop.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/generation/logit_proposer.h"
#include "runtime/samplers/tempered_sampler.h"
#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {
namespace {

using fusion::Canvas;
using fusion::Modality;
using generation::DenoiseRequest;
using generation::LogitRow;
using weights::Json;

/// A recorded run of MMaDA's t2i_generate.
struct Recorded {
  Json json;
  Tensors tensors;
  int steps, batch, codes;

  explicit Recorded(const std::filesystem::path& file)
      : json(read_case(file)), tensors(file.parent_path() / json.at("data").as_string()),
        steps(int(json.at("steps").as_integer())), batch(int(tensors.shape("input_ids")[0])),
        codes(int(json.at("image_tokens").as_integer())) {}

  float guidance() const { return 1.0f + float(json.at("guidance_scale").as_number()); }
  std::size_t at(std::uint32_t step, std::uint64_t row, int place) const {
    return (step * std::size_t(batch) + row) * std::size_t(codes) + std::size_t(place);
  }
  /// The valid ids of one row of a tensor [B, T].
  std::vector<std::int32_t> valid_row(const char* ids, const char* validity, int row) const {
    const auto length = std::size_t(tensors.shape(ids)[1]);
    const auto all = tensors.integers(ids), valid = tensors.integers(validity);
    std::vector<std::int32_t> list;
    for (std::size_t t = 0; t < length; ++t) {
      const std::size_t i = std::size_t(row) * length + t;
      if (valid[i]) list.push_back(std::int32_t(all[i]));
    }
    return list;
  }
};

/// The canvas of a row from its words and codes, through the family's own layout.
Canvas canvas_of(const Recorded& run, const fusion::ModelFamily& family, int row) {
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

double difference(std::span<const float> got, const std::vector<double>& all, std::size_t row) {
  double largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = std::abs(double(got[i]) - all[row * got.size() + i]);
    if (!(d <= largest)) largest = d;
  }
  return largest;
}

/// The recorded draws, with everything checked that was recorded about them.
generation::RowRule recorded_draws(const Recorded& run, int begin) {
  const auto draws = run.tensors.integers("draws");
  const auto selected = run.tensors.numbers("selected_probs");
  return [&run, draws, selected, begin](const LogitRow& row, const DenoiseRequest& request,
                                        const generation::DrawOptions&, std::uint32_t step) {
    const int place = row.position - begin;
    const std::size_t at = run.at(step, request.seed, place);
    const auto token = std::size_t(draws[at]);
    const std::vector<float> logits = row.guided();
    const auto p = generation::distribution_of(logits, {}, 1.0f, {});
    EXPECT_NEAR(p.at(token), selected[at], 2e-4) << "step " << step << " code " << place;
    if (run.tensors.has("exponentials")) {
      const auto exponentials = run.tensors.numbers("exponentials");
      std::size_t best = 0;
      double best_score = -1;
      for (std::size_t v = 0; v < p.size(); ++v) {
        const double score = p[v] / exponentials[at * p.size() + v];
        if (score > best_score) best = v, best_score = score;
      }
      EXPECT_EQ(best, token) << "step " << step << " code " << place;
    }
    if (step == 0) {
      const auto check = [&](const char* name, std::span<const float> logits) {
        if (!run.tensors.has(name) || logits.empty()) return;
        const std::size_t at0 = request.seed * std::size_t(run.codes) + std::size_t(place);
        EXPECT_LE(difference(logits, run.tensors.numbers(name), at0), 5e-4) << name << " code " << place;
      };
      check("step0_cond_logits", row.conditional);
      check("step0_uncond_logits", row.unconditional);
      check("step0_combined_logits", logits);
      if (run.tensors.has("step0_probs")) {
        const std::size_t at0 = request.seed * std::size_t(run.codes) + std::size_t(place);
        EXPECT_LE(difference(p, run.tensors.numbers("step0_probs"), at0), 2e-4) << "code " << place;
      }
    }
    // An offset of the family's range is the caller's business: proposals hold ids.
    return samplers::PositionProposal{row.position, row.modality, std::int32_t(token), std::log(p[token]), 0, 0};
  };
}

void replay(const Recorded& run, Engine& engine) {
  const auto model = ReleasedModel::open(run.json.at("model").as_string());
  const auto family = model.family(int(run.json.at("max_text_tokens").as_integer()), run.codes);
  const auto& space = family->tokens();
  EXPECT_EQ(space.image.begin, run.json.at("image_offset").as_integer());
  EXPECT_EQ(space.image.size, run.json.at("codebook_size").as_integer());
  generation::Denoiser denoiser(family, *engine.executor, model.checkpoint);

  // The recorded rows do not have the same length once their padding is gone, so each has its own first position.
  for (int row = 0; row < run.batch; ++row) {
    SCOPED_TRACE("row " + std::to_string(row));
    Canvas canvas = canvas_of(run, *family, row);
    const int begin = canvas.span(Modality::image).begin;
    const auto rule = recorded_draws(run, begin);
    generation::LogitProposer proposer(denoiser, [&](const auto& r, const auto& request, const auto& draw, auto step) {
      auto proposal = rule(r, request, draw, step);
      proposal.token += space.image.begin;
      return proposal;
    });
    const auto uniforms = run.tensors.numbers("uniforms");
    samplers::TemperedOptions options;
    options.temperature = run.json.at("temperature").as_number();
    options.ratio = samplers::MaskRatio::named(run.json.at("schedule").as_string());
    options.cooling = samplers::TemperedOptions::Cooling::compounding;
    options.uniform = [&](std::uint64_t seed, int step, int position) {
      return uniforms[run.at(std::uint32_t(step), seed, position - begin)];
    };
    generation::LoopOptions loop;
    loop.steps = run.steps;
    loop.draws.image.guidance_scale = run.guidance();
    const auto after = run.tensors.integers("image_ids_after_step");
    int step = 0;
    const auto compare = [&](const generation::StepReport& report) {
      const auto got = report.canvases.front().ids(Modality::image);
      for (int i = 0; i < run.codes && step + 1 < run.steps; ++i) {
        EXPECT_EQ(got[std::size_t(i)], after[run.at(std::uint32_t(step), std::uint64_t(row), i)])
            << "step " << step << " code " << i;
      }
      if (step + 2 == run.steps && run.tensors.has("uncond_model_input_step_last")) {
        const auto branch = family->unconditional(report.canvases.front(), Modality::image);
        EXPECT_EQ(branch.ids, run.valid_row("uncond_model_input_step_last", "uncond_validity", row));
      }
      ++step;
      return testing::Test::HasFailure() ? generation::Continue::no : generation::Continue::yes;
    };
    const std::uint64_t seed = std::uint64_t(row);
    denoise(proposer, *samplers::make_tempered(options), {&canvas, 1}, {&seed, 1}, loop, compare);
    const auto codes = run.tensors.integers("codes");
    for (int i = 0; i < run.codes; ++i) {
      EXPECT_EQ(canvas.ids(Modality::image)[std::size_t(i)] - space.image.begin,
                codes[std::size_t(row) * std::size_t(run.codes) + std::size_t(i)]) << "code " << i;
    }
  }
}

TEST(GoldenImages, TracesGivenTheDraws) {
  int count = 0;
  for (const auto& file : cases("sampling_image", ".json")) {
    if (file.filename().string().find(".t2i_generate.") == std::string::npos || !has_model(model_of(file))) continue;
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      replay(Recorded(file), engine);
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace lacuna::golden
