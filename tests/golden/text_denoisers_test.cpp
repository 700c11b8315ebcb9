#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fusion/models/model_registry.h"
#include "fusion/models/seen_rows.h"
#include "runtime/generation/uniform_noise.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/manifest.h"
#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {
namespace {

using graph::HostTensor;

// The original in float32 is at most 1.2e-6 from itself in float64 on these checkpoints.
constexpr double kTolerance = 3e-5;

struct TextModel {
  weights::Json config;
  std::shared_ptr<const fusion::ModelFamily> family;
  std::shared_ptr<const weights::Checkpoint> checkpoint;
};

TextModel open_text_model(const std::string& name, const char* key = nullptr, const weights::Json& value = {}) {
  const auto folder = fixtures() / "models" / name;
  TextModel model;
  model.config = weights::read_json_file(folder / "config.json");
  if (key != nullptr) model.config.set(key, value);
  model.family = fusion::open_model_family(model.config, folder / "config.json");
  model.checkpoint = std::make_shared<weights::Checkpoint>(weights::Checkpoint::open(folder));
  const fusion::DenoiserShape smallest{{1}, {1, false}, {}, fusion::DenoiserHead::logits};
  weights::check_manifest(model.family->build(smallest).weights(), *model.checkpoint, model.checkpoint->path());
  return model;
}

/// Logits of every row of sequences of one length, [sequences * length, text tokens].
std::vector<float> logits_of(const TextModel& model, graph::Executor& executor, std::span<const std::int64_t> ids,
                             std::int64_t length, std::span<const double> noise = {}) {
  const auto count = std::int64_t(ids.size());
  fusion::DenoiserShape shape{std::vector<std::int64_t>(std::size_t(count / length), length), {count, false}, {},
                              fusion::DenoiserHead::logits};
  std::vector<std::int32_t> tokens(ids.begin(), ids.end()), places, rows;
  std::vector<float> times;
  for (std::int64_t i = 0; i < count; ++i) {
    places.push_back(std::int32_t(i % length));
    rows.push_back(std::int32_t(i));
    if (!noise.empty()) times.push_back(float(noise[std::size_t(i / length)]));
  }
  std::vector<HostTensor> inputs, outputs;
  inputs.push_back(HostTensor::of({count}, tokens));
  inputs.push_back(HostTensor::of({count, 1}, places));
  if (auto bias = fusion::attention_bias(*model.family, tokens, shape)) inputs.push_back(std::move(*bias));
  if (!times.empty()) inputs.push_back(HostTensor::of({count, 1}, times));
  inputs.push_back(HostTensor::of({count}, rows));
  outputs.emplace_back(graph::DType::f32, graph::Shape{count, std::int64_t(model.family->tokens().text.size)});
  executor.prepare(model.family->build(shape), model.checkpoint)->run(inputs, outputs);
  return {outputs[0].f32().begin(), outputs[0].f32().end()};
}

/// The largest difference of columns that both have; `wanted` may have more of them, such as the mask's.
double largest_difference(std::span<const float> got, std::size_t columns, std::span<const double> wanted,
                          std::size_t wanted_columns) {
  double largest = 0;
  for (std::size_t r = 0; r < got.size() / columns; ++r) {
    for (std::size_t i = 0; i < columns; ++i) {
      const double difference = std::abs(double(got[r * columns + i]) - wanted[r * wanted_columns + i]);
      if (!(difference <= largest)) largest = difference;  // keeps a NaN
    }
  }
  return largest;
}

class TextDenoisers : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_model("mdlm")) GTEST_SKIP() << "no text denoisers in this set";
  }
  std::vector<Engine> engines = float_engines();
};

TEST_F(TextDenoisers, MdlmIsTheOriginalWithItsModulationFoldedIntoConstants) {
  const Tensors recorded(fixtures() / "text_denoisers/mdlm.safetensors");
  const auto length = recorded.shape("input_ids")[1];
  const auto ids = recorded.integers("input_ids");
  const TextModel folded = open_text_model("mdlm");
  EXPECT_EQ(folded.family->transformer().time, fusion::TimeInput::absent);
  const TextModel unfolded = open_text_model("mdlm", "time_conditioning", true);
  const std::vector<double> silence(ids.size() / std::size_t(length), 0.0);
  for (const Engine& engine : engines) {
    SCOPED_TRACE(engine.name);
    const auto constant = logits_of(folded, *engine.executor, ids, length);
    EXPECT_LE(largest_difference(constant, 100, recorded.numbers("logits"), 101), kTolerance);
    const auto told = logits_of(unfolded, *engine.executor, ids, length, silence);
    const std::vector<double> wanted(told.begin(), told.end());
    EXPECT_LE(largest_difference(constant, 100, wanted, 100), kTolerance);
  }
}

TEST_F(TextDenoisers, MdlmIsToldTheNoiseWhereItsConfigSaysSo) {
  const Tensors recorded(fixtures() / "text_denoisers/mdlm_timed.safetensors");
  const TextModel model = open_text_model("mdlm", "time_conditioning", true);
  for (const Engine& engine : engines) {
    SCOPED_TRACE(engine.name);
    const auto logits = logits_of(model, *engine.executor, recorded.integers("input_ids"),
                                  recorded.shape("input_ids")[1], recorded.numbers("sigma"));
    EXPECT_LE(largest_difference(logits, 100, recorded.numbers("logits"), 101), kTolerance);
  }
}

TEST_F(TextDenoisers, ABlockOfBd3LmSeesTheBlocksBeforeIt) {
  const Tensors recorded(fixtures() / "text_denoisers/bd3lm.safetensors");
  const TextModel model = open_text_model("bd3lm");
  const auto clean = recorded.integers("clean_ids"), noisy = recorded.integers("noisy_ids");
  const std::int64_t length = recorded.shape("clean_ids")[1], sequences = recorded.shape("clean_ids")[0];
  const auto block = model.config.at("block_size").as_integer();
  const auto trained = recorded.numbers("block_logits");
  for (const Engine& engine : engines) {
    SCOPED_TRACE(engine.name);
    const auto sampled = logits_of(model, *engine.executor, recorded.integers("input_ids"), recorded.shape("input_ids")[1]);
    EXPECT_LE(largest_difference(sampled, 100, recorded.numbers("logits"), 101), kTolerance);
    // In training all noisy blocks are computed at once beside the clean text; here one block after another.
    for (std::int64_t begin = 0; begin < length; begin += block) {
      std::vector<std::int64_t> ids;
      for (std::int64_t s = 0; s < sequences; ++s) {
        for (std::int64_t i = 0; i < length; ++i) {
          const auto at = std::size_t(s * length + i);
          ids.push_back(i < begin ? clean[at] : i < begin + block ? noisy[at] : model.family->tokens().mask);
        }
      }
      const auto logits = logits_of(model, *engine.executor, ids, length);
      for (std::int64_t s = 0; s < sequences; ++s) {
        const auto row = std::size_t(s * length + begin);
        const auto own = std::span(logits).subspan(row * 100, std::size_t(block) * 100);
        EXPECT_LE(largest_difference(own, 100, std::span(trained).subspan(row * 101), 101), kTolerance) << begin;
      }
    }
  }
}

TEST_F(TextDenoisers, ScoresOfAbsorbingSeddAreThoseOfTheCleanToken) {
  const Tensors recorded(fixtures() / "text_denoisers/sedd.safetensors");
  const TextModel model = open_text_model("sedd");
  const auto ids = recorded.integers("input_ids");
  const auto length = recorded.shape("input_ids")[1];
  const auto sigma = recorded.numbers("sigma"), wanted = recorded.numbers("logits");
  for (const Engine& engine : engines) {
    SCOPED_TRACE(engine.name);
    const auto logits = logits_of(model, *engine.executor, ids, length, sigma);
    int masked = 0;
    for (std::size_t r = 0; r < ids.size(); ++r) {
      if (ids[r] != model.family->tokens().mask) continue;
      ++masked;
      // scale_by_sigma: a constant of the noise level, which no distribution over tokens sees.
      const double scale = std::log(std::expm1(sigma[r / std::size_t(length)])) + std::log(100.0);
      for (std::size_t v = 0; v < 100; ++v) {
        EXPECT_NEAR(double(logits[r * 100 + v]) - scale, wanted[r * 101 + v], kTolerance);
      }
    }
    EXPECT_GT(masked, 8);
  }
}

TEST_F(TextDenoisers, AStepOfUniformSeddIsTheOriginalsAnalyticOne) {
  const Tensors recorded(fixtures() / "text_denoisers/sedd_uniform.safetensors");
  const TextModel model = open_text_model("sedd_uniform");
  EXPECT_EQ(model.family->noise(), fusion::NoiseKind::uniform);
  const auto ids = recorded.integers("input_ids");
  const auto length = std::size_t(recorded.shape("input_ids")[1]);
  const auto sigma = recorded.numbers("sigma"), step = recorded.numbers("sigma_step");
  const auto wanted = recorded.numbers("step_probabilities");
  for (const Engine& engine : engines) {
    SCOPED_TRACE(engine.name);
    const auto logits = logits_of(model, *engine.executor, ids, std::int64_t(length), sigma);
    for (std::size_t r = 0; r < ids.size(); ++r) {
      std::vector<double> row(logits.begin() + std::ptrdiff_t(100 * r), logits.begin() + std::ptrdiff_t(100 * (r + 1)));
      const double kept = std::exp(-sigma[r / length]), before = kept * std::exp(step[r / length]);
      generation::score_posterior(row, std::int32_t(ids[r]), kept, before);
      double sum = 0;
      for (const double p : row) sum += p;
      for (std::size_t v = 0; v < 100; ++v) EXPECT_NEAR(row[v] / sum, wanted[r * 100 + v], 3e-6) << r << ' ' << v;
    }
  }
}

}  // namespace
}  // namespace lacuna::golden
