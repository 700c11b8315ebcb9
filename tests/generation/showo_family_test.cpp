#include "fusion/models/showo_family.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>

#include "fusion/models/all_masked.h"
#include "fusion/models/model_registry.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/evaluation/weight_comparison.h"
#include "runtime/generation/denoiser.h"
#include "runtime/generation/model_config.h"
#include "runtime/weights/checkpoint_error.h"
#include "tests/support/random_weights.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using weights::Json;

/// 20 words, ten special tokens, 8 codes, the mask: 39 rows. Three heads of 8, four of them turned.
Json showo_json() {
  return Json::parse(R"({"_class_name": "Showo", "_diffusers_version": "0.30.1", "codebook_size": 8,
    "llm_model_path": "nowhere", "llm_vocab_size": 20, "load_from_showo": true, "mask_token_id": 38,
    "num_new_special_tokens": 10, "num_vq_tokens": 4, "vocab_size": 39, "w_clip_vit": false,
    "lacuna": {"begin_of_text": 19, "text_length": 9, "image_grid": [2, 2]},
    "llm_config": {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
                   "intermediate_size": 20, "layer_norm_eps": 1e-5, "partial_rotary_factor": 0.5, "rope_theta": 10000.0}})");
}

Json without(std::initializer_list<std::string_view> keys) {
  Json json = Json::object();
  const Json whole = showo_json();
  for (const auto& member : whole.as_object()) {
    if (std::ranges::find(keys, member.key) == keys.end()) json.set(member.key, member.value);
  }
  return json;
}

std::shared_ptr<const fusion::ModelFamily> tiny() {
  return fusion::make_showo_family(fusion::ShowoConfig::from_json(showo_json(), "config.json"));
}

std::shared_ptr<const graph::WeightSource> weights_of(const fusion::ModelFamily& family) {
  const fusion::DenoiserShape shape{{1}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
  return testing_support::random_weights({family.build(shape)});
}

const std::vector<std::int32_t> kWords{1, 2}, kCodes{0, 5, 7, 3};

TEST(Showo, LayoutsHaveItsOwnTokens) {
  const auto family = tiny();
  EXPECT_EQ(family->tokens().image, (fusion::IdRange{30, 8}));
  EXPECT_EQ(family->tokens().text, (fusion::IdRange{0, 20}));
  const Canvas picture = family->generate(kWords);
  // t2i BOS 1 2 EOS soi, four codes, eoi; ten places for the text in front of soi.
  EXPECT_EQ(std::vector<std::int32_t>(picture.ids().begin(), picture.ids().end()),
            (std::vector<std::int32_t>{25, 19, 1, 2, 19, 21, 38, 38, 38, 38, 22}));
  EXPECT_EQ(picture.first_position(), 5);
  const auto branch = family->unconditional(picture, Modality::image);
  EXPECT_EQ(branch.ids, (std::vector<std::int32_t>{25, 19, 19, 21, 38, 38, 38, 38, 22}));
  EXPECT_EQ(branch.positions.front(), 7);
  EXPECT_EQ(branch.shift, -2);
  const Canvas answer = family->write({kWords, {}, 2, kCodes, 2, 2});
  EXPECT_EQ(std::vector<std::int32_t>(answer.ids().begin(), answer.ids().end()),
            (std::vector<std::int32_t>{26, 21, 30, 35, 37, 33, 22, 19, 1, 2, 38, 38}));
  const std::vector<std::int32_t> gap{1, 38}, begun{19, 3};
  EXPECT_EQ(family->write({begun, {}, 2, {}, 0, 0}).ids()[1], 3);  // no second begin of text
  EXPECT_THROW(family->infill(gap, kCodes), std::invalid_argument);
  EXPECT_THROW(family->write({gap, {}, 2, {}, 0, 0}), std::invalid_argument);
  EXPECT_THROW(family->infill(kWords, std::vector<std::int32_t>{0, 1, 2, 8}), std::invalid_argument);
  EXPECT_THROW(family->infill(kWords, std::vector<std::int32_t>{0, 1, 2}), std::invalid_argument);
  EXPECT_THROW(family->joint(), std::invalid_argument);
  EXPECT_EQ(fusion::all_masked(*family).masked_count(), 9);
  EXPECT_EQ(family->as_released()->tokens().text.size, 39);
}

/// Who may look at whom, as the network computes it: a change is seen by the rows that see it, and by no other.
TEST(Showo, AChangeReachesTheRowsThatSeeIt) {
  const auto family = tiny();
  const auto weights = weights_of(*family);
  cpu::ReferenceExecutor executor;
  for (const Canvas& canvas : {family->infill(kWords, kCodes), family->write({kWords, {}, 3, kCodes, 2, 2}),
                               family->write({kWords, {}, 3, {}, 0, 0})}) {
    const auto count = std::int64_t(canvas.size());
    const auto seen = family->seen(canvas.ids());
    ASSERT_EQ(seen.size(), std::size_t(count));
    const auto run = [&](const std::vector<std::int32_t>& ids) {
      fusion::DenoiserShape shape{{count}, {count, false}, {}, fusion::DenoiserHead::logits};
      shape.bias_columns = count;
      graph::HostTensor bias(graph::DType::f32, {count, count});
      std::vector<std::int32_t> rows(std::size_t(count), 0);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = std::int32_t(i);
        for (std::size_t j = 0; j < rows.size(); ++j) bias.f32()[i * rows.size() + j] = int(j) < seen[i] ? 0.0f : -1e9f;
      }
      std::vector<graph::HostTensor> inputs;
      inputs.push_back(graph::HostTensor::of({count}, ids));
      inputs.push_back(graph::HostTensor::of({count, 1}, rows));
      inputs.push_back(std::move(bias));
      inputs.push_back(graph::HostTensor::of({count}, rows));
      graph::HostTensor logits(graph::DType::f32, {count, 20});
      executor.prepare(family->build(shape), weights)->run(inputs, {&logits, 1});
      return std::vector<float>(logits.f32().begin(), logits.f32().end());
    };
    const std::vector<std::int32_t> ids(canvas.ids().begin(), canvas.ids().end());
    const auto before = run(ids);
    for (std::size_t changed = 0; changed < ids.size(); ++changed) {
      auto other = ids;
      other[changed] = (ids[changed] + 11) % 39;
      const auto after = run(other);
      for (std::size_t row = 0; row < ids.size(); ++row) {
        const auto at = std::ptrdiff_t(row * 20);
        const bool same = std::equal(before.begin() + at, before.begin() + at + 20, after.begin() + at);
        EXPECT_EQ(same, int(changed) >= seen[row]) << "row " << row << " of " << ids.size() << ", change " << changed;
      }
    }
  }
}

/// The denoiser builds the same mask itself, in a batch of rows of different lengths, and reads a word off the row before
/// it and a code off its own. The head's bias is part of what is drawn, guided or not.
TEST(Showo, ProposalsAreTheArgmaxOfTheLogits) {
  const auto family = tiny();
  const auto weights = weights_of(*family);
  cpu::ReferenceExecutor executor;
  Denoiser denoiser(family, executor, weights);
  const std::vector<std::int32_t> longer{1, 2, 3, 4};
  const std::vector<std::int32_t> partly{0, fusion::kMaskedCode, 7, fusion::kMaskedCode};
  const std::vector<Canvas> canvases{family->generate(kWords), family->infill(longer, partly),
                                     family->write({kWords, {}, 2, kCodes, 2, 2})};
  for (const float scale : {1.0f, 2.5f}) {
    Draws draws;
    draws.text.temperature = draws.image.temperature = 0.0f;
    draws.image.guidance_scale = scale;
    std::vector<DenoiseRequest> requests;
    for (const Canvas& canvas : canvases) requests.push_back({&canvas});
    const auto proposals = denoiser.propose(requests, draws, 0);
    std::size_t compared = 0;
    denoiser.visit_logits(requests, draws, [&](const LogitRow& row) {
      const auto logits = row.guided();
      const auto best = std::int32_t(std::ranges::max_element(logits) - logits.begin());
      const auto at = std::ranges::find(proposals[row.request], row.position, &samplers::PositionProposal::position);
      ASSERT_NE(at, proposals[row.request].end());
      EXPECT_EQ(at->token, family->tokens().range(row.modality).begin + best);
      ++compared;
    });
    EXPECT_EQ(compared, 4u + 2u + 2u);
  }
  // Alone or in a batch: the same numbers.
  std::vector<float> alone, together;
  const DenoiseRequest one{&canvases[2]};
  denoiser.visit_logits({&one, 1}, {}, [&](const LogitRow& row) {
    alone.insert(alone.end(), row.conditional.begin(), row.conditional.end());
  });
  std::vector<DenoiseRequest> all;
  for (const Canvas& canvas : canvases) all.push_back({&canvas});
  denoiser.visit_logits(all, {}, [&](const LogitRow& row) {
    if (row.request == 2) together.insert(together.end(), row.conditional.begin(), row.conditional.end());
  });
  ASSERT_EQ(alone.size(), together.size());
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(alone[i], together[i], 1e-5);
  // Their difference to themselves is none, and the comparison runs through the mask as well.
  EXPECT_NEAR(evaluation::compare_weights(*family, executor, weights, weights, 2, 1).divergence, 0.0, 1e-6);
}

TEST(Showo, ConfigsAreReadOrRefused) {
  const auto parse = [](const Json& json) { return fusion::ShowoConfig::from_json(json, "config.json"); };
  const auto config = parse(showo_json());
  EXPECT_EQ(config.transformer.rope_sections, std::vector<int>{2});
  EXPECT_EQ(config.transformer.kv_heads, 1);
  EXPECT_EQ(config.grid_height, 2);
  // What an import writes reads as the same.
  const auto family = fusion::make_showo_family(config);
  Json again = without({"lacuna"});
  again.set("lacuna", family->config_section());
  EXPECT_EQ(parse(again).begin_of_text, 19);
  Json other = showo_json();
  other.set("llm_config", Json::parse(R"({"model_type": "llama"})"));
  EXPECT_THROW(parse(other), weights::CheckpointError);
  const std::pair<const char*, Json> changes[] = {
      {"w_clip_vit", true},   {"num_new_special_tokens", 9}, {"vocab_size", 38}, {"num_vq_tokens", 5},
      {"sliding_window", 12}, {"_class_name", "Other"},      {"codebook_size", 9}};
  for (const auto& [key, value] : changes) {
    Json json = showo_json();
    json.set(key, value);
    EXPECT_THROW(parse(json), weights::CheckpointError) << key;
  }
  EXPECT_EQ(fusion::model_type_of(showo_json(), "config.json"), "showo");
}

TEST(Showo, TheBackboneIsFoundBesideTheConfigOrIsPhi) {
  Json json = without({"lacuna", "llm_config"});
  json.set("llm_vocab_size", 50295).set("vocab_size", 58498).set("mask_token_id", 58497).set("codebook_size", 8192);
  json.set("num_vq_tokens", 256);
  const auto folder = std::filesystem::path(testing::TempDir()) / "showo_backbone";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "model/phi-1_5");
  std::filesystem::create_directories(folder / "outside");
  const auto read = [&](const std::string& named) {
    json.set("llm_model_path", named);
    std::ofstream(folder / "model/config.json") << json.dump();
    return fusion::ShowoConfig::from_json(read_model_config(folder / "model/config.json"), "config.json");
  };
  const auto released = read("microsoft/phi-1_5");
  EXPECT_EQ(released.transformer.width, 2048);
  EXPECT_EQ(released.transformer.rope_sections, std::vector<int>{16});
  EXPECT_EQ(released.begin_of_text, 50256);
  // 437 tensors and 1,448,176,770 parameters, as the specification counts them.
  const auto family = fusion::make_showo_family(released);
  const fusion::DenoiserShape shape{{1}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
  const auto tensors = family->build(shape).weights();
  EXPECT_EQ(tensors.size(), 437u);
  std::int64_t parameters = 0;
  for (const auto& tensor : tensors) parameters += tensor.shape.elements();
  EXPECT_EQ(parameters, 1'448'176'770);

  const char* small = R"({"model_type": "phi", "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
    "intermediate_size": 20, "hidden_act": "gelu_new", "partial_rotary_factor": 0.5, "qk_layernorm": false})";
  std::ofstream(folder / "model/phi-1_5/config.json") << small;
  std::ofstream(folder / "outside/config.json") << small;
  EXPECT_EQ(read("microsoft/phi-1_5").transformer.width, 24);
  EXPECT_EQ(read("phi-1_5").transformer.kv_heads, 3);
  // Nothing outside the folder is read.
  EXPECT_EQ(read("../outside").transformer.width, 2048);
  EXPECT_EQ(read((folder / "outside").string()).transformer.width, 2048);
}

}  // namespace
}  // namespace lacuna::generation
