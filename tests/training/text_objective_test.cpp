#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "fusion/graph/fused_ops.h"
#include "fusion/training/initial_weights.h"
#include "fusion/training/text_sampling.h"
#include "fusion/training/text_trainer.h"
#include "fusion/training/trainer.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace {

namespace fs = std::filesystem;
constexpr int kLength = 6, kClasses = 5;

fusion::LacunaConfig tiny(bool causal, bool time, int shift) {
  fusion::LacunaTextSizes sizes;
  sizes.vocabulary = kClasses;
  sizes.end_of_text = kClasses - 1;
  sizes.length = kLength;
  sizes.width = 16;
  sizes.layers = 2;
  sizes.heads = 2;
  sizes.mlp_width = 24;
  auto config = fusion::make_lacuna_text_config(sizes);
  if (causal) config.transformer.attention = fusion::AttentionKind::causal;
  if (time) config.transformer.time = fusion::TimeInput::additive;
  config.transformer.logit_shift = shift;
  return config;
}

struct Tiny {
  explicit Tiny(Objective objective, bool time = false, int shift = 0)
      : network(tiny(objective == Objective::autoregressive, time, shift), at::kCPU, Precision::f32) {
    auto stream = std::make_shared<TokenStream>();
    stream->vocabulary = kClasses;
    stream->end_of_text = kClasses - 1;
    for (int i = 0; i < 40; ++i) stream->train.push_back((i * i + i / 3) % (kClasses - 1));
    stream->held_out = stream->train;
    TextBatchOptions options;
    options.objective = objective;
    options.logit_shift = shift;
    options.predict_ahead = 3;
    options.diffusion_steps = 7;
    builder = std::make_unique<TextBatchBuilder>(stream, network.config().tokens, kLength, options);
    // Larger than a start, or every distribution would be uniform.
    for (auto& [name, tensor] : initial_transformer(3, network.weights(), 2)) {
      const bool silent = name.starts_with("time_embed.2") && tensor.dim() > 1;
      const at::Tensor values = silent ? initial_normal(3, name, shape_of(tensor), 0.5) : tensor.dim() > 1 ? tensor * 25 : tensor;
      weights[name] = values.clone().requires_grad_();
    }
  }

  /// -log p(target) in the last row of one sequence without a mask entry that hides anything but by `bias`.
  double plain(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& places, const std::vector<float>& bias,
               std::int32_t target, float time = 0) {
    TextBatch batch;
    batch.sequences = 1;
    batch.length = std::int64_t(ids.size());
    batch.ids = ids;
    batch.places = places;
    batch.bias = bias;
    batch.times.assign(ids.size(), time);
    batch.rows = {std::int32_t(ids.size()) - 1};
    const at::NoGradGuard no_grad;
    const at::Tensor logits = network.logits(weights, batch).to(at::kDouble);
    double sum = 0;
    for (int k = 0; k < kClasses; ++k) sum += std::exp(logits[0][k].item<double>());
    return std::log(sum) - logits[0][target].item<double>();
  }

  TextNetwork network;
  std::unique_ptr<TextBatchBuilder> builder;
  TensorMap weights;
};

std::vector<float> causal(std::size_t n) {
  std::vector<float> bias(n * n, 0.0f);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) bias[i * n + j] = graph::kUnseen;
  }
  return bias;
}

void expect_rows(const std::vector<double>& expected, const at::Tensor& got) {
  ASSERT_EQ(got.numel(), std::int64_t(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[std::int64_t(i)].item<double>(), expected[i], 2e-5) << i;
}

TEST(TextObjectives, EachLossIsItsPlainDefinition) {
  {  // Masked: the row that is masked, or the one before it, in the whole sequence.
    for (const int shift : {0, 1}) {
      Tiny t(Objective::token_count, true, shift);
      const TextBatch batch = t.builder->training({1, 3, 0, 2, 2}, 0);
      const at::Tensor got = t.network.losses(t.weights, batch, 1, 0);
      const at::NoGradGuard no_grad;
      TextBatch all = batch;
      const at::Tensor logp = at::log_softmax(t.network.logits(t.weights, all), 1);
      std::vector<double> expected;
      for (std::size_t i = 0; i < batch.rows.size(); ++i) {
        expected.push_back(-logp[std::int64_t(i)][batch.targets[i]].item<double>());
      }
      expect_rows(expected, got);
      // The same sequence alone gives the same rows.
      const auto row = std::size_t(batch.rows.back());
      const std::vector<std::int32_t> ids(batch.ids.begin() + kLength + 1, batch.ids.end());
      TextBatch single = batch;
      single.sequences = 1;
      single.ids = ids;
      single.places.resize(ids.size());
      single.times.assign(batch.times.begin() + kLength + 1, batch.times.end());
      single.rows = {std::int32_t(row - kLength - 1)};
      single.targets = {batch.targets.back()};
      EXPECT_NEAR(t.network.losses(t.weights, single, 1, 0)[0].item<double>(), expected.back(), 2e-5);
    }
  }
  {  // Autoregressive: each token after its own prefix alone.
    Tiny t(Objective::autoregressive, false, 1);
    const TextBatch batch = t.builder->training({1, 0, 0, 2, 2}, 0);
    std::vector<double> expected;
    for (std::int64_t s = 0; s < 2; ++s) {
      for (int l = 0; l < kLength; ++l) {
        const auto first = batch.ids.begin() + s * (kLength + 1);
        const std::vector<std::int32_t> prefix(first, first + l + 1), places(batch.places.begin(), batch.places.begin() + l + 1);
        expected.push_back(t.plain(prefix, places, causal(prefix.size()), *(first + l + 1)));
      }
    }
    expect_rows(expected, t.network.losses(t.weights, batch, 1, 0));
    const at::Tensor weights = to_torch(batch.weights, at::kCPU);
    EXPECT_NEAR(at::sum(weights).item<double>(), 1.0, 1e-5);  // the mean over tokens
  }
  for (const Objective objective : {Objective::any_order, Objective::multi_token}) {
    // What a query may see, in the order in which it was seen, and the query behind it: nothing else in the sequence.
    Tiny t(objective);
    const TextBatch batch = t.builder->training({1, 5, 0, 1, 1}, 0);
    std::vector<double> expected;
    for (int l = 0; l < kLength; ++l) {
      const auto seen_by = [&](int row, int column) { return batch.bias[std::size_t(row * batch.length + column)] == 0.0f; };
      std::vector<int> kept{0};
      for (int j = 1; j <= kLength; ++j) {
        if (seen_by(1 + kLength + l, j)) kept.push_back(j);
      }
      // A token that sees fewer came earlier.
      const auto rank = [&](int row) {
        int count = 0;
        for (int j = 0; j <= kLength; ++j) count += seen_by(row, j);
        return count;
      };
      std::ranges::sort(kept, {}, rank);
      kept.push_back(1 + kLength + l);
      std::vector<std::int32_t> ids, places;
      for (const int row : kept) {
        ids.push_back(batch.ids[std::size_t(row)]);
        places.push_back(batch.places[std::size_t(row)]);
      }
      expected.push_back(t.plain(ids, places, causal(ids.size()), batch.targets[std::size_t(l)]));
    }
    expect_rows(expected, t.network.losses(t.weights, batch, 1, 0));
  }
  {  // Uniform noise: both posteriors from the transition matrices.
    Tiny t(Objective::d3pm_uniform, true);
    const TextBatch batch = t.builder->training({1, 2, 0, 3, 3}, 0);
    const int steps = 7;
    const double lambda = 0.25;
    const at::Tensor got = t.network.losses(t.weights, batch, steps, lambda);
    const at::NoGradGuard no_grad;
    const at::Tensor mu = at::softmax(t.network.logits(t.weights, batch).to(at::kDouble), 1);
    std::vector<double> expected;
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      const auto transition = [](double kept, int from, int to) { return kept * (from == to) + (1 - kept) / kClasses; };
      const double now = batch.kept[i], before = batch.kept_before[i];
      const auto posterior = [&](int clean) {
        std::vector<double> p;
        for (int j = 0; j < kClasses; ++j) {
          p.push_back(transition(before, clean, j) * transition(now / before, j, batch.noisy[i]) / transition(now, clean, batch.noisy[i]));
        }
        return p;
      };
      const auto exact = posterior(batch.targets[i]);
      std::vector<double> mine(kClasses, 0.0);
      for (int k = 0; k < kClasses; ++k) {
        const auto p = posterior(k);
        for (int j = 0; j < kClasses; ++j) mine[std::size_t(j)] += mu[std::int64_t(i)][k].item<double>() * p[std::size_t(j)];
      }
      double divergence = 0, sum = 0;
      for (int j = 0; j < kClasses; ++j) {
        sum += mine[std::size_t(j)];
        if (exact[std::size_t(j)] > 0) divergence += exact[std::size_t(j)] * std::log(exact[std::size_t(j)] / mine[std::size_t(j)]);
      }
      EXPECT_NEAR(sum, 1, 1e-9);
      expected.push_back(steps * divergence - lambda * std::log(mu[std::int64_t(i)][batch.targets[i]].item<double>()));
    }
    ASSERT_EQ(got.numel(), std::int64_t(expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(got[std::int64_t(i)].item<double>(), expected[i], 1e-3 * (1 + expected[i])) << i;
    }
  }
}

TEST(TextObjectives, GradientsAreFiniteAndReachEveryWeight) {
  for (const auto name : objective_names()) {
    const Objective objective = objective_named(name);
    const bool time = masks_tokens(objective) || objective == Objective::d3pm_uniform;
    Tiny t(objective, time, objective == Objective::autoregressive ? 1 : 0);
    const TextBatch batch = t.builder->training({1, 1, 0, 4, 4}, 0);
    const at::Tensor each = t.network.losses(t.weights, batch, 7, 0.01);
    at::sum(each * to_torch(batch.weights, at::kCPU)).backward();
    for (const auto& [weight, tensor] : t.weights) {
      ASSERT_TRUE(tensor.grad().defined()) << name << " " << weight;
      EXPECT_TRUE(at::isfinite(tensor.grad()).all().item<bool>()) << name << " " << weight;
      EXPECT_GT(at::sum(at::abs(tensor.grad())).item<double>(), 0) << name << " " << weight;
    }
  }
}

class TextTraining : public testing::Test {
 protected:
  TextTraining() {
    fs::remove_all(root_);
    fs::create_directories(root_);
    std::ofstream text(root_ / "text.txt");
    for (int i = 0; i < 60; ++i) text << "a b c d e f g " << i % 7 << "\n";
    train_.output_dir = (root_ / "run").string();
    train_.mixed_precision = "no";
    train_.threads = 1;
    train_.max_train_steps = 8;
    train_.train_batch_size = 4;
    train_.lr_warmup_steps = 2;
    train_.learning_rate = 3e-3;
    train_.log_steps = 4;
    train_.checkpointing_steps = 4;
    train_.checkpoints_total_limit = 9;
    options_.text = (root_ / "text.txt").string();
    options_.text_length = 12;
    options_.width = 16;
    options_.layers = 1;
    options_.heads = 2;
    options_.mlp_width = 24;
    options_.sample_count = 2;
    options_.validation_limit = 6;
    options_.export_dtype = "f32";
  }
  ~TextTraining() override { fs::remove_all(root_); }
  void run(const std::string& name) {
    TrainOptions train = train_;
    train.output_dir = (root_ / name).string();
    TextTask task(options_, train, at::kCPU);
    Ranks ranks;
    TrainHooks hooks;
    hooks.report = [](const std::string&) {};
    hooks.progress = [](const std::string&) {};
    hooks.stop_requested = [] { return false; };
    EXPECT_TRUE(lacuna::training::train(task, train, at::kCPU, ranks, hooks).finished);
  }
  std::string file(const std::string& path) const { return weights::read_regular_file(root_ / path, 1 << 24); }

  fs::path root_ = fs::temp_directory_path() /
                   (std::string("lacuna_text_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  TrainOptions train_;
  DenoiserTrainOptions options_;
};

TEST_F(TextTraining, EveryObjectiveTrainsWritesAndIsJudged) {
  for (const char* name : {"ar", "mdm-token", "mdm-elbo", "maskgit", "mask-predict", "any-order", "multi-token", "d3pm-uniform"}) {
    options_.objective = name;
    run(name);
    const std::string texts = file(std::string(name) + "/samples/step-8-texts.json");
    EXPECT_NE(texts.find("unigram_entropy"), std::string::npos);
    EXPECT_EQ(texts.find("gen_ppl") != std::string::npos, !options_.judge.empty());
    EXPECT_TRUE(fs::exists(root_ / name / "model/config.json"));
    EXPECT_NO_THROW(load_text_model(root_ / name / "model", at::kCPU));
    options_.judge = (root_ / "ar/model").string();
  }
  options_.judge = (root_ / "mdm-token/model").string();
  EXPECT_THROW(run("bad"), OptionError);
}

TEST_F(TextTraining, AdaptingAnAutoregressiveModelResumesBitForBit) {
  options_.objective = "ar";
  run("ar");
  options_.objective = "mdm-token";
  options_.init_from = (root_ / "ar/model").string();
  options_.logit_shift = true;
  options_.attention_annealing_steps = 6;
  run("whole");
  fs::create_directories(root_ / "resumed/checkpoints");
  fs::copy(root_ / "whole/checkpoints/step-4", root_ / "resumed/checkpoints/step-4", fs::copy_options::recursive);
  train_.resume_from_checkpoint = (root_ / "resumed/checkpoints/step-4").string();
  run("resumed");
  for (const char* part : {"model.safetensors", "ema.safetensors", "optimizer.safetensors", "trainer_state.json"}) {
    EXPECT_TRUE(file(std::string("resumed/checkpoints/step-8/") + part) == file(std::string("whole/checkpoints/step-8/") + part)) << part;
  }
}

}  // namespace
}  // namespace lacuna::training
