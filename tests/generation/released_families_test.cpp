#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "fusion/models/dream_family.h"
#include "fusion/models/llada_family.h"
#include "fusion/models/lumina_family.h"
#include "fusion/models/model_registry.h"
#include "fusion/models/mmada_family.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/generation/denoiser.h"
#include "runtime/weights/checkpoint_error.h"
#include "tests/support/random_weights.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using weights::Json;

Json llada_json() {
  return Json::parse(R"({"model_type": "llada", "d_model": 24, "n_layers": 2, "n_heads": 3, "n_kv_heads": 1,
    "mlp_hidden_size": 20, "vocab_size": 40, "embedding_size": 48, "mask_token_id": 30, "eos_token_id": 31,
    "rope_theta": 500000.0, "rms_norm_eps": 1e-5, "block_type": "llama", "activation_type": "silu",
    "layer_norm_type": "rms", "weight_tying": false,
    "lacuna": {"text_tokens": 40, "begin_of_text": 32, "start_header": 33, "end_header": 34, "end_of_turn": 35,
               "first_reserved": 10}})");
}

Json mmada_json() {
  Json json = llada_json();
  return json.set("model_type", "mmada").set("codebook_size", 8).set("num_vq_tokens", 4);
}

Json dream_json() {
  return Json::parse(R"({"model_type": "Dream", "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3,
    "num_key_value_heads": 1, "intermediate_size": 20, "vocab_size": 48, "mask_token_id": 30, "eos_token_id": 31,
    "rope_theta": 500000.0, "rms_norm_eps": 1e-5, "hidden_act": "silu",
    "lacuna": {"begin_of_text": 32, "text_tokens": 40}})");
}

template <class Parse>
std::string refusal(const Json& json, Parse parse) {
  try {
    parse(json, "config.json");
  } catch (const weights::CheckpointError& error) {
    return error.what();
  }
  return "";
}

TEST(ReleasedFamilies, WhatChangesTheNetworkIsReadOrRefused) {
  const auto parse = [](const Json& json, const char* file) { return fusion::LladaConfig::from_json(json, file); };
  const auto config = parse(llada_json(), "config.json");
  EXPECT_EQ(config.transformer.vocabulary, 48);
  EXPECT_EQ(config.transformer.kv_heads, 1);
  EXPECT_EQ(config.transformer.mlp_width, 20);
  const std::pair<const char*, Json> changes[] = {
      {"alibi", true},           {"block_type", "sequential"}, {"activation_type", "swiglu"}, {"rope", false},
      {"layer_norm_type", "low_precision"}, {"include_bias", true}, {"scale_logits", true}, {"input_emb_norm", true},
      {"attention_layer_norm", true}, {"sliding_window", 512}, {"n_heads", 5}, {"mask_token_id", 48}};
  for (const auto& [key, value] : changes) {
    Json json = llada_json();
    json.set(key, value);
    EXPECT_NE(refusal(json, parse).find(key), std::string::npos) << key << ": " << refusal(json, parse);
  }
}

TEST(ReleasedFamilies, TheIdsOfSpecialTokensComeFromTheSectionTheTokenizerOrTheReleasedSize) {
  const Json whole = llada_json();
  Json json;
  for (const auto& member : whole.as_object()) {
    if (member.key != "lacuna") json.set(member.key, member.value);
  }
  EXPECT_THROW(fusion::LladaConfig::from_json(json, "config.json"), weights::CheckpointError);
  fusion::TokenNames names;
  names.count = 37;
  names.ids = {{"<|startoftext|>", 5}, {"<|eot_id|>", 6}};
  const auto config = fusion::LladaConfig::from_json(json, "config.json", &names);
  EXPECT_EQ(config.tokens.begin_of_text, 5);
  EXPECT_EQ(config.tokens.end_of_turn, 6);
  EXPECT_EQ(config.tokens.start_header, -1);
  names.count = 49;
  EXPECT_THROW(fusion::LladaConfig::from_json(json, "config.json", &names), weights::CheckpointError);
  json.set("vocab_size", 126464).set("embedding_size", 126464).set("mask_token_id", 126336).set("eos_token_id", 126081);
  EXPECT_EQ(fusion::LladaConfig::from_json(json, "config.json").tokens.count, 126349);
}

/// Dream without biases is the same block as LLaDA's under other names; its token of position j comes from row j - 1.
TEST(ReleasedFamilies, DreamReadsThePositionBefore) {
  const auto llada = fusion::make_llada_family(fusion::LladaConfig::from_json(llada_json(), "config.json"));
  const std::shared_ptr<const fusion::ModelFamily> dream =
      fusion::make_dream_family(fusion::DreamConfig::from_json(dream_json(), "config.json"));
  const fusion::DenoiserShape shape{{5}, {5, false}, {}, fusion::DenoiserHead::logits};
  const auto weights = testing_support::random_weights({llada->build(shape)});
  auto renamed = std::make_shared<testing_support::MemoryWeights>();
  const auto theirs = llada->build(shape).weights();
  std::vector<graph::NamedShape> mine;
  int biases = 0;
  for (const auto& weight : dream->build(shape).weights()) {
    if (!weight.name.ends_with("bias")) {
      mine.push_back(weight);
      continue;
    }
    ++biases;
    renamed->add(weight.name, weight.shape, std::vector<float>(std::size_t(weight.shape.elements()), 0.0f));
  }
  EXPECT_EQ(biases, 2 * 3);
  ASSERT_EQ(mine.size(), theirs.size());  // both in order of first use
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const auto* view = weights->find(theirs[i].name);
    ASSERT_EQ(mine[i].shape, theirs[i].shape) << mine[i].name << ' ' << theirs[i].name;
    renamed->add(mine[i].name, view->dtype, view->shape, {view->bytes.begin(), view->bytes.end()});
  }
  cpu::ReferenceExecutor executor;
  const std::vector<std::int32_t> prompt{1, 2, 3};
  const Canvas canvas = dream->write({prompt, {}, 2, {}, 0, 0});
  Denoiser denoiser(dream, executor, renamed);
  std::vector<std::vector<float>> got;
  const DenoiseRequest request{&canvas};
  denoiser.visit_logits({&request, 1}, {}, [&](const LogitRow& row) {
    got.emplace_back(row.conditional.begin(), row.conditional.end());
  });
  ASSERT_EQ(got.size(), 2u);

  std::vector<graph::HostTensor> inputs, outputs;
  const std::vector<std::int32_t> places{0, 1, 2, 3, 4};
  inputs.push_back(graph::HostTensor::of({5}, canvas.ids()));
  inputs.push_back(graph::HostTensor::of({5, 1}, places));
  inputs.push_back(graph::HostTensor::of({5}, places));
  outputs.emplace_back(graph::DType::f32, graph::Shape{5, 48});
  executor.prepare(llada->build(shape), weights)->run(inputs, outputs);
  for (std::size_t j = 0; j < 2; ++j) {
    const auto row = outputs[0].f32().subspan((2 + j) * 48, 48);
    for (std::size_t v = 0; v < 48; ++v) EXPECT_NEAR(got[j][v], row[v], 1e-5) << j << ' ' << v;
  }
}

TEST(ReleasedFamilies, DreamNeedsATokenBeforeTheFirstMask) {
  const auto dream = fusion::make_dream_family(fusion::DreamConfig::from_json(dream_json(), "config.json"));
  const Canvas canvas = dream->write({{}, {}, 3, {}, 0, 0});
  EXPECT_EQ(canvas.size(), 4);
  EXPECT_EQ(canvas.ids()[0], 32);
  EXPECT_THROW(dream->generate({}), std::invalid_argument);
}

fusion::MmadaConfig mmada_config(int text_length) {
  auto config = fusion::MmadaConfig::from_json(mmada_json(), "config.json");
  config.text_length = text_length;
  return config;
}

TEST(ReleasedFamilies, MmadaLeavesPaddingOutAndStartsWhereItEnds) {
  const auto family = fusion::make_mmada_family(mmada_config(9));
  EXPECT_EQ(family->tokens().image, (fusion::IdRange{40, 8}));
  const std::vector<std::int32_t> words{1, 2};
  const Canvas canvas = family->generate(words);
  // t2i BOS 1 2 EOS soi, four codes, eoi; ten places for the text in front of soi.
  EXPECT_EQ(std::vector<std::int32_t>(canvas.ids().begin(), canvas.ids().end()),
            (std::vector<std::int32_t>{14, 32, 1, 2, 31, 10, 30, 30, 30, 30, 11}));
  EXPECT_EQ(canvas.first_position(), 5);
  EXPECT_EQ(family->positions(canvas).front(), 5);
  EXPECT_EQ(canvas.masked_count(), 4);
  const auto branch = family->unconditional(canvas, Modality::image);
  EXPECT_EQ(branch.ids, (std::vector<std::int32_t>{14, 32, 31, 10, 30, 30, 30, 30, 11}));
  EXPECT_EQ(branch.positions.front(), 7);
  EXPECT_EQ(branch.shift, -2);
  EXPECT_THROW(family->joint(), std::invalid_argument);
  EXPECT_THROW(family->infill(words, std::vector<std::int32_t>{0, 1, 2, 8}), std::invalid_argument);
  EXPECT_THROW(family->infill(words, std::vector<std::int32_t>{0, 1, 2}), std::invalid_argument);
}

/// The original counts 513 ids whatever the text length, so that with short texts the branch never sees a code.
TEST(ReleasedFamilies, TheReleasedPrefixHidesWhatWasDrawn) {
  const auto family = fusion::make_mmada_family(mmada_config(9));
  const auto released = family->as_released();
  ASSERT_NE(released, nullptr);
  const std::vector<std::int32_t> words{1, 2}, codes{3, -1, -1, -1};
  Canvas canvas = family->infill(words, codes);
  const int begin = canvas.span(Modality::image).begin;
  canvas.reveal(begin + 1, 45);
  const auto right = family->unconditional(canvas, Modality::image);
  const auto wrong = released->unconditional(canvas, Modality::image);
  EXPECT_EQ(right.ids, (std::vector<std::int32_t>{14, 32, 31, 10, 43, 45, 30, 30, 11}));
  EXPECT_EQ(wrong.ids, (std::vector<std::int32_t>{14, 32, 31, 10, 43, 30, 30, 30, 11}));
  EXPECT_EQ(right.positions, wrong.positions);
  EXPECT_EQ(right.shift, wrong.shift);
  // With the released text length of 512 the two are the same.
  const auto usual = fusion::make_mmada_family(mmada_config(512));
  Canvas full = usual->infill(words, codes);
  full.reveal(full.span(Modality::image).begin + 1, 45);
  EXPECT_EQ(usual->unconditional(full, Modality::image).ids,
            usual->as_released()->unconditional(full, Modality::image).ids);
}

Json lumina_json() {
  Json json = llada_json();
  return json.set("vocab_size", 48).set("codebook_size", 8).set("architectures",
                                                               Json(Json::Array{"LLaDAForMultiModalGeneration"}))
      .set("lacuna", Json::parse(R"({"text_tokens": 40, "end_of_line": 10, "begin_image": 11, "end_image": 12,
        "uncondition": 13, "answer": 14, "end_answer": 15, "system": 16, "end_system": 17, "user": 18, "end_user": 19,
        "drawing_prompt": [1, 2], "image_grid": [2, 3]})"));
}

TEST(ReleasedFamilies, LuminaIsToldFromLladaByItsClassOrItsTokens) {
  EXPECT_TRUE(fusion::open_model_family(lumina_json(), "config.json")->tokens().has_images());
  Json plain = llada_json();
  EXPECT_FALSE(fusion::is_lumina(plain, nullptr));
  fusion::TokenNames names;
  names.count = 40;
  names.ids = {{"<uncondition>", 13}, {"</answer>", 15}};
  EXPECT_TRUE(fusion::is_lumina(plain, &names));
  // The embedding of the checkpoint says how many ids there are.
  const Json json = fusion::lumina_config_json(plain, 77);
  EXPECT_EQ(json.at("vocab_size").as_integer(), 77);
  EXPECT_EQ(json.at("embedding_size").as_integer(), 77);
}

TEST(ReleasedFamilies, LuminaTakesIdsFromTheReleaseOrTheTokenizer) {
  Json json = lumina_json();
  json.set("lacuna", Json());
  json.set("codebook_size", Json());
  json.set("vocab_size", 134548).set("embedding_size", 134548);
  fusion::TokenNames names;
  names.count = 126356;
  names.ids = {{"<system>", 126085}, {"</system>", 126086}, {"<user>", 126087}, {"</user>", 126088}};
  names.encode = [](std::string_view text) { return std::vector<std::int32_t>(text.size(), 7); };
  const auto config = fusion::LuminaConfig::from_json(json, "config.json", &names);
  EXPECT_EQ(config.codes, (fusion::IdRange{126356, 8192}));
  EXPECT_EQ(config.tokens.end_of_line, 126084);
  EXPECT_EQ(config.tokens.begin_image, 126349);
  EXPECT_EQ(config.tokens.end_image, 126350);
  EXPECT_EQ(config.tokens.uncondition, 126351);
  EXPECT_EQ(config.tokens.answer, 126354);
  EXPECT_EQ(config.tokens.end_answer, 126355);
  EXPECT_EQ(config.tokens.user, 126087);
  EXPECT_EQ(config.drawing_prompt.size(), 47u);
  EXPECT_EQ(config.grid_height, 64);
  // Another vocabulary has ids of its own, by name.
  json.set("vocab_size", 9000).set("embedding_size", 9000).set("mask_token_id", 600).set("eos_token_id", 601);
  const auto parse = [&](const Json& j, const char* file) { return fusion::LuminaConfig::from_json(j, file, &names); };
  names.ids = {{"<system>", 1}, {"</system>", 2}, {"<user>", 3}, {"</user>", 4}, {"<IMAGE>", 5}, {"</IMAGE>", 6},
               {"<uncondition>", 7}, {"<answer>", 8}, {"</answer>", 9}};
  EXPECT_NE(refusal(json, parse).find("<end-of-line>"), std::string::npos);
  names.ids["<end-of-line>"] = 10;
  EXPECT_EQ(parse(json, "config.json").tokens.end_of_line, 10);
  EXPECT_EQ(parse(json, "config.json").codes.begin, 808);
  json.set("n_layers_more", 3);
  EXPECT_NE(refusal(json, parse).find("n_layers_more"), std::string::npos);
}

TEST(ReleasedFamilies, LuminasRowsEndInATokenThatIsNoCode) {
  const auto family = fusion::make_lumina_family(fusion::LuminaConfig::from_json(lumina_json(), "config.json"));
  EXPECT_EQ(family->tokens().image, (fusion::IdRange{40, 8}));
  const std::vector<std::int32_t> words{5, 6, 7}, codes{-1, 3, -1, -1, -1, 0};
  Canvas canvas = family->infill(words, codes);
  const auto ids = [](const Canvas& c) { return std::vector<std::int32_t>(c.ids().begin(), c.ids().end()); };
  EXPECT_EQ(ids(canvas), (std::vector<std::int32_t>{16, 1, 2, 17, 18, 5, 6, 7, 19, 14, 11, 30, 43, 30, 10, 30, 30, 40, 10,
                                                    12, 15}));
  const fusion::Span span = canvas.span(Modality::image);
  EXPECT_EQ(span.size, 6);
  EXPECT_EQ(span.position(2), 13);
  EXPECT_EQ(span.position(3), 15);
  EXPECT_EQ(span.end(), 18);
  EXPECT_EQ(canvas.masked_positions(Modality::image), (std::vector<int>{11, 13, 15, 16}));
  EXPECT_EQ(canvas.ids(Modality::image), (std::vector<std::int32_t>{30, 43, 30, 30, 30, 40}));
  EXPECT_THROW(canvas.reveal(14, 41), std::invalid_argument);
  EXPECT_THROW(canvas.reveal(12, 41), std::invalid_argument);
  canvas.reveal(15, 44);
  EXPECT_EQ(canvas.masked_count(), 3);
  const auto branch = family->unconditional(canvas, Modality::image);
  EXPECT_EQ(branch.ids, (std::vector<std::int32_t>{16, 1, 2, 17, 18, 13, 19, 14, 11, 30, 43, 30, 10, 44, 30, 40, 10, 12, 15}));
  EXPECT_EQ(branch.shift, -2);
  EXPECT_EQ(branch.positions.back(), 18);
  // Without words the branch is longer than the canvas.
  EXPECT_EQ(family->unconditional(family->generate({}), Modality::image).shift, 1);
  canvas.remask(15);
  EXPECT_EQ(canvas.ids_without(Modality::image)[14], 10);
  EXPECT_EQ(canvas.ids_without(Modality::image)[17], 30);
  EXPECT_THROW(family->joint(), std::invalid_argument);
  EXPECT_THROW(family->infill(words, std::vector<std::int32_t>{0, 1, 2, 8, 0, 0}), std::invalid_argument);
  EXPECT_THROW(family->infill(words, std::vector<std::int32_t>{0, 1, 2}), std::invalid_argument);
}

TEST(ReleasedFamilies, LuminaPutsAPictureBeforeTheEndOfTheQuestion) {
  const auto family = fusion::make_lumina_family(fusion::LuminaConfig::from_json(lumina_json(), "config.json"));
  const std::vector<std::int32_t> question{18, 5, 19}, plain{5, 6}, codes{1, 2}, prefix{9};
  const auto ids = [](const Canvas& c) { return std::vector<std::int32_t>(c.ids().begin(), c.ids().end()); };
  EXPECT_EQ(ids(family->write({question, prefix, 3, codes, 2, 1})),
            (std::vector<std::int32_t>{18, 5, 11, 41, 10, 42, 10, 12, 19, 14, 9, 30, 30, 15}));
  EXPECT_EQ(ids(family->write({question, {}, 2, {}, 0, 0})), (std::vector<std::int32_t>{18, 5, 19, 14, 30, 30, 15}));
  EXPECT_EQ(ids(family->write({plain, {}, 2, {}, 0, 0})), (std::vector<std::int32_t>{5, 6, 30, 30}));
  EXPECT_THROW(family->write({plain, {}, 2, codes, 2, 1}), std::invalid_argument);
  const auto branch = family->unconditional(family->write({question, prefix, 3, codes, 2, 1}), Modality::text);
  EXPECT_EQ(std::ranges::count(branch.ids, 30), std::ptrdiff_t(branch.ids.size()));
  const Canvas caption = family->caption(std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}, {});
  EXPECT_EQ(caption.masked_count(), 128);
}

TEST(ReleasedFamilies, GuidanceOfWordsMasksThePrompt) {
  const auto family = fusion::make_mmada_family(mmada_config(9));
  const std::vector<std::int32_t> prompt{1, 2}, codes{0, 1, 2, 3};
  Canvas canvas = family->write({prompt, {}, 3, codes, 2, 2});
  EXPECT_EQ(canvas.ids()[0], 15);
  canvas.reveal(canvas.size() - 1, 7);
  const auto branch = family->unconditional(canvas, Modality::text);
  for (int i = 0; i < canvas.size(); ++i) {
    EXPECT_EQ(branch.ids[std::size_t(i)], i + 1 == canvas.size() ? 7 : 30) << i;
  }
}

}  // namespace
}  // namespace lacuna::generation
