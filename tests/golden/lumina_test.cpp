#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include "fusion/models/lumina_family.h"
#include "runtime/generation/denoise_loop.h"
#include "runtime/generation/host_proposal.h"
#include "runtime/generation/logit_proposer.h"
#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/tempered_sampler.h"
#include "runtime/weights/checkpoint_error.h"
#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"
#include "vision/diffusers_vq_config.h"
#include "vision/nearest_shape.h"
#include "vision/vq_network.h"

namespace lacuna::golden {
namespace {

using fusion::Canvas;
using fusion::Modality;
using generation::LogitRow;
using weights::Json;

using Ids = std::vector<std::int32_t>;

Ids all_ids(const Canvas& canvas) { return {canvas.ids().begin(), canvas.ids().end()}; }

/// A recorded run of Lumina-DiMOO's generators on the tiny model.
struct Recorded {
  Json json;
  ReleasedModel model;
  std::shared_ptr<const fusion::ModelFamily> family;
  int height = 0, width = 0, steps = 0;

  explicit Recorded(const std::filesystem::path& file) : json(read_case(file)), model(ReleasedModel::open(model_of(file))) {
    auto config = fusion::LuminaConfig::from_json(model.config, file, &model.names);
    const Ids grid = ids(json.at("grid"));
    config.grid_height = height = grid[0];
    config.grid_width = width = grid[1];
    if (json.find("drawing_prompt")) config.drawing_prompt = ids(json.at("drawing_prompt"));
    family = fusion::make_lumina_family(config);
    steps = int(json.at("steps").as_integer());
  }
  int count() const { return height * width; }
  float guidance() const { return 1.0f + float(json.at("cfg_scale").as_number()); }
};

/// A set of fixtures from elsewhere may be without these.
bool left_out() { return std::getenv("LACUNA_FIXTURES") && !std::filesystem::exists(fixtures() / "lumina"); }

void replay_drawing(const Recorded& run, const Tensors& tensors, Engine& engine) {
  const auto& space = run.family->tokens();
  generation::Denoiser denoiser(run.family, *engine.executor, run.model.checkpoint);
  Ids codes;
  for (const std::int32_t id : ids(run.json.at("given"))) {
    codes.push_back(id == space.mask ? fusion::kMaskedCode : id - space.image.begin);
  }
  Canvas canvas = run.family->infill(ids(run.json.at("words")), codes);
  ASSERT_EQ(all_ids(canvas), ids(run.json.at("input_ids")));
  const fusion::Span span = canvas.span(Modality::image);
  EXPECT_EQ(span.begin, run.json.at("code_start").as_integer());
  const auto first = rows_of_ids(run.json.at("first_passes"));
  EXPECT_EQ(all_ids(canvas), first[0]);
  const auto unconditional = [&] { return run.family->unconditional(canvas, Modality::image); };
  if (first.size() > 1) { EXPECT_EQ(unconditional().ids, first[1]); }

  const auto place_of = [&](int position) {
    const int at = position - span.begin;
    return at / (run.width + 1) * run.width + at % (run.width + 1);
  };
  const auto draws = tensors.integers("draws"), after = tensors.integers("image_ids_after_step");
  const auto uniforms = tensors.numbers("uniforms"), selected = tensors.numbers("selected_probs");
  const auto at = [&](int step, int position) { return std::size_t(step * run.count() + place_of(position)); };
  generation::LogitProposer proposer(denoiser, [&](const LogitRow& row, const auto&, const auto&, std::uint32_t step) {
    const auto token = std::size_t(draws[at(int(step), row.position)]);
    const std::vector<float> logits = row.guided();
    const auto p = generation::distribution_of(logits, {}, 1.0f, {});
    EXPECT_NEAR(p.at(token), selected[at(int(step), row.position)], 2e-4) << "step " << step;
    if (step == 0 && tensors.has("step0_logits")) {
      const auto wanted = tensors.numbers("step0_logits");
      for (std::size_t v = 0; v < logits.size(); ++v) {
        EXPECT_NEAR(logits[v], wanted[std::size_t(place_of(row.position)) * logits.size() + v], 2e-3);
      }
    }
    return samplers::PositionProposal{row.position, row.modality, space.image.begin + std::int32_t(token),
                                      std::log(p[token]), 0, 0};
  });
  samplers::TemperedOptions options;
  options.temperature = run.json.at("temperature").as_number();
  options.cooling = samplers::TemperedOptions::Cooling::none;
  options.counted = samplers::TemperedOptions::Counted::masked;
  options.uniform = [&](std::uint64_t, int step, int position) { return uniforms[at(step, position)]; };
  generation::LoopOptions loop;
  loop.steps = run.steps;
  loop.draws.image.guidance_scale = run.guidance();
  int step = 0;
  const auto compare = [&](const generation::StepReport& report) {
    const Ids got = report.canvases.front().ids(Modality::image);
    for (int i = 0; i < run.count(); ++i) {
      EXPECT_EQ(got[std::size_t(i)], after[std::size_t(step * run.count() + i)]) << "step " << step << " code " << i;
    }
    if (++step + 1 == run.steps) {
      const auto last = ids(run.json.at("last_pass"));
      EXPECT_EQ(first.size() > 1 ? run.family->unconditional(report.canvases.front(), Modality::image).ids
                                 : all_ids(report.canvases.front()), last);
    }
    return testing::Test::HasFailure() ? generation::Continue::no : generation::Continue::yes;
  };
  const std::uint64_t seed = 0;
  denoise(proposer, *samplers::make_tempered(options), {&canvas, 1}, {&seed, 1}, loop, compare);
  Ids got;
  for (const std::int32_t id : canvas.ids(Modality::image)) got.push_back(id - space.image.begin);
  EXPECT_EQ(got, ids(run.json.at("codes")));
  EXPECT_EQ(step, run.steps);
}

void replay_understanding(const Recorded& run, Engine& engine) {
  generation::Denoiser denoiser(run.family, *engine.executor, run.model.checkpoint);
  const Ids prompt = ids(run.json.at("prompt")), codes = ids(run.json.at("codes"));
  Canvas canvas = run.family->write({prompt, {}, int(run.json.at("length").as_integer()), codes, run.height, run.width});
  ASSERT_EQ(all_ids(canvas), ids(run.json.at("input_ids")));
  samplers::SamplerOptions options;
  options.values["block"] = double(run.json.at("block").as_integer());
  generation::LoopOptions loop;
  loop.steps = run.steps;
  loop.draws.text.temperature = 0.0f;
  loop.draws.text.guidance_scale = run.guidance();
  const auto before = rows_of_ids(run.json.at("before_step"));
  std::size_t step = 0;
  const auto compare = [&](const generation::StepReport& report) {
    if (++step < before.size()) { EXPECT_EQ(all_ids(report.canvases.front()), before[step]) << "after step " << step; }
    return testing::Test::HasFailure() ? generation::Continue::no : generation::Continue::yes;
  };
  const std::uint64_t seed = 0;
  denoise(denoiser, *samplers::make_sampler("llada", options), {&canvas, 1}, {&seed, 1}, loop, compare);
  EXPECT_EQ(all_ids(canvas), ids(run.json.at("final")));
  EXPECT_EQ(step, before.size());
}

Json vq_json() {
  return Json::parse(R"({"_class_name": "VQModel", "_diffusers_version": "0.27.0", "act_fn": "silu",
    "block_out_channels": [128, 256, 256, 512, 768],
    "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                         "DownEncoderBlock2D"],
    "force_upcast": true, "in_channels": 3, "latent_channels": 64, "layers_per_block": 2, "lookup_from_codebook": true,
    "mid_block_add_attention": false, "norm_num_groups": 32, "norm_type": "group", "num_vq_embeddings": 8192,
    "out_channels": 3, "sample_size": 32, "scaling_factor": 0.18215,
    "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                       "UpDecoderBlock2D"],
    "vq_embed_dim": null})");
}

/// diffusers' own class with aMUSEd's settings has so many tensors and parameters.
TEST(GoldenLumina, TheImageTokenizerAtFullSize) {
  const auto config = vision::diffusers_vq_config(vq_json(), "config.json");
  EXPECT_EQ(config.pixels_per_code(), 16);
  std::map<std::string, std::int64_t> all;
  for (const auto& graph : {vision::build_vq_tokeniser(config, {1, 1, 1}), vision::build_vq_detokeniser(config, {1, 1, 1})}) {
    for (const auto& weight : graph.weights()) all[weight.name] = weight.shape.elements();
  }
  std::int64_t parameters = 0;
  for (const auto& [name, elements] : all) parameters += elements;
  EXPECT_EQ(all.size(), 277u);
  EXPECT_EQ(parameters, 146'244'675);
  // What import writes reads back the same.
  const auto again = vision::VqConfig::from_json(config.to_json(), "config.json");
  EXPECT_EQ(again.to_json().dump(), config.to_json().dump());
  EXPECT_EQ(again.names, vision::VqNames::diffusers);
  EXPECT_EQ(again.range, vision::PixelRange::unit);
}

TEST(GoldenLumina, ImageTokenizersThatComputeSomethingElseAreRefused) {
  const std::pair<const char*, Json> changes[] = {
      {"mid_block_add_attention", true}, {"mid_block_add_attention", Json()}, {"lookup_from_codebook", false},
      {"norm_type", "spatial"}, {"act_fn", "gelu"}, {"vq_embed_dim", 32}, {"in_channels", 4},
      {"block_out_channels", Json(Json::Array{128, 200, 256, 512, 768})}, {"block_out_channels", Json(Json::Array{128, 256})},
      {"up_block_types", Json(Json::Array{"AttnUpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                                          "UpDecoderBlock2D", "UpDecoderBlock2D"})},
      {"norm_num_groups", 48}, {"shift", 0.1}};
  for (const auto& [key, value] : changes) {
    Json json = vq_json();
    json.set(key, value);
    try {
      vision::diffusers_vq_config(json, "config.json");
      ADD_FAILURE() << key;
    } catch (const weights::CheckpointError& error) {
      EXPECT_NE(std::string(error.what()).find("config.json"), std::string::npos) << error.what();
    }
  }
}

TEST(GoldenLumina, PicturesToBeDescribedAreCutAsInTheOriginal) {
  const auto file = fixtures() / "lumina/shapes.json";
  if (left_out()) GTEST_SKIP() << "no cases of Lumina-DiMOO in this set";
  const Json json = read_case(file);
  int count = 0;
  for (const Json& item : json.at("cases").as_array()) {
    const Ids picture = ids(item.at("picture")), chosen = ids(item.at("chosen"));
    const vision::ShapeRange range{int(item.at("patches").as_integer()), int(json.at("patch").as_integer())};
    EXPECT_EQ(vision::nearest_shape({picture[0], picture[1]}, range), (vision::Size{chosen[0], chosen[1]}))
        << picture[0] << " x " << picture[1] << " in " << range.patches;
    ++count;
  }
  EXPECT_GT(count, 0);
  EXPECT_THROW(vision::nearest_shape({0, 5}, {}), std::invalid_argument);
}

TEST(GoldenLumina, TracesOfDrawingGivenTheDraws) {
  if (left_out()) GTEST_SKIP() << "no cases of Lumina-DiMOO in this set";
  int count = 0;
  for (const auto& file : cases("lumina", ".json")) {
    if (file.filename().string().find(".generate_image.") == std::string::npos || !has_model(model_of(file))) continue;
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      const Recorded run(file);
      replay_drawing(run, Tensors(file.parent_path() / run.json.at("data").as_string()), engine);
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

TEST(GoldenLumina, TracesOfUnderstanding) {
  if (left_out()) GTEST_SKIP() << "no cases of Lumina-DiMOO in this set";
  int count = 0;
  for (const auto& file : cases("lumina", ".json")) {
    if (file.filename().string().find(".text_understanding.") == std::string::npos || !has_model(model_of(file))) continue;
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      replay_understanding(Recorded(file), engine);
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace lacuna::golden
