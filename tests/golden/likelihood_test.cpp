#include "runtime/generation/likelihood.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {
namespace {

using weights::Json;

/// The ids of a noisy row as the recorded ones were made.
std::vector<std::int32_t> noisy_row(const std::vector<std::int32_t>& prompt, const std::vector<std::int32_t>& answer,
                                    int masked, const std::vector<int>& order, std::int32_t mask) {
  std::vector<std::int32_t> row = prompt;
  row.insert(row.end(), answer.begin(), answer.end());
  for (int i = 0; i < masked; ++i) row[prompt.size() + std::size_t(order[std::size_t(i)])] = mask;
  return row;
}

void replay(const Json& json, Engine& engine) {
  const auto model = ReleasedModel::open(json.at("model").as_string());
  generation::Denoiser denoiser(model.family(), *engine.executor, model.checkpoint);
  const auto prompt = ids(json.at("prompt")), answer = ids(json.at("answer"));
  const auto guidance = 1.0f + float(json.at("cfg_scale").as_number());
  const int batch_size = int(json.at("batch_size").as_integer());
  double sum = 0;
  for (const Json& repeat : json.at("repeats").as_array()) {
    generation::LikelihoodBatch batch;
    batch.masked = ids(repeat.at("masked_per_row"));
    const auto counts = generation::stratified_counts(int(repeat.at("k").as_integer()), int(answer.size()), batch_size);
    const auto& ratios = repeat.at("mask_ratio_per_row").as_array();
    ASSERT_EQ(counts.size(), batch.masked.size());
    for (std::size_t r = 0; r < counts.size(); ++r) {
      // At a half the original's float32 decides which way it is rounded, unless the spacing is exact in it.
      const std::size_t twice = 2 * r * answer.size(), whole = std::size_t(batch_size);
      const bool exact = (whole & (whole - 1)) == 0 || answer.size() % whole == 0;
      if (exact || twice % whole != 0 || twice / whole % 2 == 0) { EXPECT_EQ(counts[r], batch.masked[r]) << "row " << r; }
      EXPECT_NEAR(double(batch.masked[r]) / double(answer.size()), ratios.at(r).as_number(), 1e-6);
    }
    const auto noisy = rows_of_ids(repeat.at("noisy_ids"));
    const auto permutations = rows_of_ids(repeat.at("permutations"));
    for (std::size_t r = 0; r < batch.masked.size(); ++r) {
      // Recorded: position i is masked where permutation[i] < count. Ours: the first `count` of an order.
      std::vector<int> order(answer.size());
      for (std::size_t i = 0; i < answer.size(); ++i) order[std::size_t(permutations[r][i])] = int(i);
      EXPECT_EQ(noisy_row(prompt, answer, batch.masked[r], order, std::int32_t(json.at("mask_id").as_integer())),
                noisy[r]);
      batch.order.push_back(std::move(order));
    }
    const double loss = generation::batch_loss(denoiser, prompt, answer, batch, guidance);
    EXPECT_NEAR(loss, repeat.at("loss_sum_over_batch_size").as_number(), 2e-3);
    sum -= loss;
  }
  const double mean = sum / double(json.at("repeats").size());
  EXPECT_NEAR(mean, json.at("log_likelihood").as_number(), 2e-3);
  EXPECT_NEAR(mean, json.at("log_likelihood_f64").as_number(), 2e-3);
}

void replay_greedy(const Json& json, Engine& engine) {
  const auto model = ReleasedModel::open(json.at("model").as_string());
  generation::Denoiser denoiser(model.family(), *engine.executor, model.checkpoint);
  const auto prompt = ids(json.at("prompt"));
  std::vector<std::vector<std::int32_t>> passes;
  const auto answer = generation::greedy_answer(denoiser, prompt, int(json.at("answer_length").as_integer()), &passes,
                                                1.0f + float(json.at("cfg_scale").as_number()));
  EXPECT_EQ(passes, rows_of_ids(json.at("canvas_before_each_pass")));
  std::vector<std::int32_t> whole = prompt;
  whole.insert(whole.end(), answer.begin(), answer.end());
  EXPECT_EQ(whole, ids(json.at("final")));
  EXPECT_EQ(answer, ids(json.at("target_accepted")));
  EXPECT_NE(answer, ids(json.at("target_rejected")));
}

TEST(GoldenLikelihood, RecordedNoise) {
  int count = 0;
  for (const auto& file : cases("likelihood", ".json")) {
    if (!has_model(model_of(file))) continue;
    const Json json = read_case(file);
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      json.find("repeats") ? replay(json, engine) : replay_greedy(json, engine);
      ++count;
    }
  }
  EXPECT_GT(count, 0);
}

/// What greedy_answer computes, spelled out: the most probable token of the surest position, pass after pass.
std::vector<std::int32_t> slow_greedy(generation::Denoiser& denoiser, const std::vector<std::int32_t>& prompt, int length,
                                      float guidance_scale) {
  const fusion::TokenSpace& space = denoiser.family().tokens();
  fusion::Canvas canvas;
  for (const std::int32_t id : prompt) canvas.append_frame(id);
  canvas.append_span(space, fusion::Modality::text, std::vector<std::int32_t>(std::size_t(length), space.mask));
  generation::Draws draws;
  draws.text.guidance_scale = guidance_scale;
  for (int pass = 0; pass < length; ++pass) {
    double best = -1e300;
    std::pair<int, std::int32_t> surest;
    const generation::DenoiseRequest request{&canvas};
    denoiser.visit_logits({&request, 1}, draws, [&](const generation::LogitRow& row) {
      const auto logits = row.guided();
      const auto token = std::int32_t(std::ranges::max_element(logits) - logits.begin());
      const double log_prob = -generation::negative_log_softmax(logits, token);
      if (log_prob > best) best = log_prob, surest = {row.position, space.text.begin + token};
    });
    canvas.reveal(surest.first, surest.second);
  }
  return canvas.ids(fusion::Modality::text);
}

TEST(GoldenLikelihood, GreedyAnswersFollowTheGuidance) {
  for (const auto& file : cases("likelihood", ".json")) {
    const Json json = read_case(file);
    if (json.find("repeats") || !has_model(model_of(file))) continue;
    const auto model = ReleasedModel::open(model_of(file));
    const auto prompt = ids(json.at("prompt"));
    auto engines = float_engines();
    generation::Denoiser denoiser(model.family(), *engines.front().executor, model.checkpoint);
    std::set<std::vector<std::int32_t>> answers;
    for (const float guidance : {1.0f, 2.0f, 4.0f}) {
      const auto answer = generation::greedy_answer(denoiser, prompt, 8, nullptr, guidance);
      EXPECT_EQ(answer, slow_greedy(denoiser, prompt, 8, guidance)) << guidance;
      answers.insert(answer);
    }
    EXPECT_GT(answers.size(), 1u);
  }
}

/// Our own draws estimate what the recorded ones estimate: the single-token case has only one value.
TEST(GoldenLikelihood, OwnDrawsAgreeWhereThereIsOneValue) {
  for (const auto& file : cases("likelihood", ".json")) {
    const Json json = read_case(file);
    if (!json.find("answer") || json.at("answer").size() != 1 || !has_model(model_of(file))) continue;
    const auto model = ReleasedModel::open(model_of(file));
    auto engines = float_engines();
    generation::Denoiser denoiser(model.family(), *engines.front().executor, model.checkpoint);
    const double got = generation::log_likelihood(denoiser, ids(json.at("prompt")), ids(json.at("answer")),
                                                  {5, 3, 1.0f + float(json.at("cfg_scale").as_number()), 7});
    EXPECT_NEAR(got, json.at("log_likelihood").as_number(), 2e-3);
  }
}

}  // namespace
}  // namespace lacuna::golden
