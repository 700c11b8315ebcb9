#include "fusion/models/model_family.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

#include "fusion/models/lacuna_family.h"
#include "fusion/models/model_registry.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/weights/checkpoint_error.h"
#include "tests/support/random_weights.h"

namespace lacuna::fusion {
namespace {

using graph::HostTensor;

LacunaConfig tiny_config() {
  LacunaSizes sizes;
  sizes.text_vocabulary = 24;
  sizes.codebook = 16;
  sizes.text_length = 3;
  sizes.grid = 2;
  sizes.width = 32;
  sizes.layers = 2;
  sizes.heads = 2;
  sizes.mlp_width = 40;
  return make_lacuna_config(sizes);
}

/// Text and image logits of some canvases run as one batch, for every position of each span.
std::vector<std::vector<float>> logits(const ModelFamily& family, const std::vector<Canvas>& canvases) {
  DenoiserShape shape;
  shape.head = DenoiserHead::logits;
  std::vector<std::int32_t> ids, positions, text_rows, image_rows;
  for (const Canvas& canvas : canvases) {
    const auto first = std::int32_t(ids.size());
    const auto places = family.positions(canvas);
    ids.insert(ids.end(), canvas.ids().begin(), canvas.ids().end());
    positions.insert(positions.end(), places.begin(), places.end());
    shape.segments.push_back(canvas.size());
    for (const Span& span : canvas.spans()) {
      auto& rows = span.modality == Modality::text ? text_rows : image_rows;
      for (int i = span.begin; i < span.end(); ++i) rows.push_back(first + i);
    }
  }
  shape.text.count = std::int64_t(text_rows.size());
  shape.image.count = std::int64_t(image_rows.size());
  const graph::Graph graph = family.build(shape);
  cpu::ReferenceExecutor executor;
  const auto plan = executor.prepare(graph, testing_support::random_weights({graph}));
  std::vector<HostTensor> inputs{HostTensor::of({std::int64_t(ids.size())}, ids),
                                 HostTensor::of({std::int64_t(ids.size()), 3}, positions),
                                 HostTensor::of({shape.text.count}, text_rows),
                                 HostTensor::of({shape.image.count}, image_rows)};
  std::vector<HostTensor> outputs;
  for (graph::ValueId id : graph.outputs) outputs.emplace_back(graph::DType::f32, graph.value(id).shape);
  plan->run(inputs, outputs);
  std::vector<std::vector<float>> result;
  for (const HostTensor& output : outputs) result.emplace_back(output.f32().begin(), output.f32().end());
  return result;
}

TEST(LacunaFamily, ConfigSurvivesItsFile) {
  const LacunaConfig config = tiny_config();
  const LacunaConfig read = LacunaConfig::from_json(config.to_json(), "config.json");
  EXPECT_EQ(read.to_json(), config.to_json());
  EXPECT_EQ(read.tokens, config.tokens);
}

TEST(LacunaFamily, UnknownAndWrongFieldsAreRefusedByName) {
  const auto message = [](weights::Json json) {
    try {
      open_model_family(json, "config.json");
    } catch (const weights::CheckpointError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message(tiny_config().to_json().set("rotary_base", 3)).find("rotary_base"), std::string::npos);
  EXPECT_NE(message(tiny_config().to_json().set("hidden_size", -4)).find("hidden_size"), std::string::npos);
  EXPECT_NE(message(tiny_config().to_json().set("vocab_size", 42)).find("end_image_token_id"), std::string::npos);
  EXPECT_NE(message(tiny_config().to_json().set("model_type", "gpt")).find("lacuna"), std::string::npos);
}

TEST(LacunaFamily, ASequenceDoesNotSeeItsNeighboursInTheBatch) {
  const auto family = make_lacuna_family(tiny_config());
  const Canvas a = family->generate(std::vector<std::int32_t>{5, 6});
  const Canvas b = family->caption(std::vector<std::int32_t>{1, 2, 3, 4}, {});
  const auto alone = logits(*family, {a});
  const auto batch = logits(*family, {a, b});
  const auto other = logits(*family, {a, a});
  for (std::size_t m = 0; m < 2; ++m) {
    for (std::size_t i = 0; i < alone[m].size(); ++i) {
      EXPECT_FLOAT_EQ(alone[m][i], batch[m][i]);
      EXPECT_FLOAT_EQ(alone[m][i], other[m][i]);
    }
  }
}

TEST(LacunaFamily, EveryPositionSeesEveryOther) {
  const auto family = make_lacuna_family(tiny_config());
  const auto before = logits(*family, {family->generate(std::vector<std::int32_t>{5, 6})});
  const auto after = logits(*family, {family->generate(std::vector<std::int32_t>{5, 7})});
  for (std::size_t row = 0; row < 4; ++row) EXPECT_NE(before[1][row * 16], after[1][row * 16]) << row;
  EXPECT_NE(before[0][0], after[0][0]);  // bidirectional: the word before the change, too
}

TEST(LacunaFamily, RowsAndColumnsOfThePictureMatter) {
  const auto family = make_lacuna_family(tiny_config());
  const auto a = logits(*family, {family->infill(std::vector<std::int32_t>{5}, std::vector<std::int32_t>{7, 3, 9, -1})});
  const auto b = logits(*family, {family->infill(std::vector<std::int32_t>{5}, std::vector<std::int32_t>{7, 9, 3, -1})});
  EXPECT_NE(a[1][3 * 16], b[1][3 * 16]);
}

TEST(LacunaFamily, TiedHeadNeedsNoWeightOfItsOwn) {
  const auto family = make_lacuna_family(tiny_config());
  const DenoiserShape shape{{9}, {1, false}, {1, false}, DenoiserHead::logits};
  std::set<std::string> names;
  for (const auto& weight : family->build(shape).weights()) names.insert(weight.name);
  EXPECT_TRUE(names.contains("model.embed_tokens.weight"));
  EXPECT_FALSE(names.contains("lm_head.weight"));
  EXPECT_EQ(names.size(), 1u + 2 * 11 + 1);
}

TEST(LacunaFamily, RefusesShapesThatMakeNoSense) {
  const auto family = make_lacuna_family(tiny_config());
  EXPECT_THROW(family->build({{}, {1, false}, {0, false}, DenoiserHead::proposals}), std::invalid_argument);
  EXPECT_THROW(family->build({{9}, {0, false}, {0, false}, DenoiserHead::proposals}), std::invalid_argument);
  EXPECT_THROW(family->build({{9}, {1, true}, {0, false}, DenoiserHead::logits}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::fusion
