#include "fusion/training/text_trainer.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fusion/statistics.h"
#include "fusion/training/export_model.h"
#include "fusion/training/initial_weights.h"
#include "fusion/training/tensor_file.h"
#include "fusion/training/text_sampling.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/json_file.h"

namespace lacuna::training {
namespace {

constexpr std::uint64_t kEvaluationSeed = 20240902;  // masks of the bound are the same at every validation
constexpr std::size_t kEvaluationBatch = 64;
constexpr int kTogether = 4;  // places a call of the faster way to write

fusion::LacunaConfig config_for(const DenoiserTrainOptions& options, const TokenStream& stream) {
  fusion::LacunaTextSizes sizes;
  sizes.vocabulary = stream.vocabulary;
  sizes.end_of_text = stream.end_of_text;
  sizes.length = int(options.text_length);
  sizes.width = int(options.width);
  sizes.layers = int(options.layers);
  sizes.heads = int(options.heads);
  sizes.mlp_width = int(options.mlp_width);
  fusion::LacunaConfig config = fusion::make_lacuna_text_config(sizes);
  const Objective objective = objective_named(options.objective);
  const bool causal = objective == Objective::autoregressive;
  if (causal) config.transformer.attention = fusion::AttentionKind::causal;
  if (causal || options.logit_shift) config.transformer.logit_shift = 1;
  if (options.time_input) config.transformer.time = fusion::TimeInput::additive;
  if (objective == Objective::d3pm_uniform) config.noise = fusion::NoiseKind::uniform;
  config.validate();
  return config;
}

TextBatchOptions batch_options(const DenoiserTrainOptions& options) {
  TextBatchOptions batch;
  batch.objective = objective_named(options.objective);
  batch.schedule = fusion::NoiseSchedule::named(options.noise_schedule);
  batch.min_masking_rate = options.min_masking_rate;
  batch.logit_shift = options.logit_shift ? 1 : 0;
  batch.annealing_steps = options.attention_annealing_steps;
  batch.predict_ahead = int(options.predict_ahead);
  batch.diffusion_steps = int(options.diffusion_steps);
  const bool has_times = masks_tokens(batch.objective) || batch.objective == Objective::d3pm_uniform;
  if (options.time_input && !has_times) {
    throw OptionError("--time-input: expected an objective with a noise process, got " + options.objective);
  }
  return batch;
}

std::vector<std::int64_t> evenly(std::int64_t limit, std::int64_t count) {
  std::vector<std::int64_t> chosen;
  limit = std::min(limit, count);
  for (std::int64_t i = 0; i < limit; ++i) chosen.push_back(i * count / limit);
  return chosen;
}

}  // namespace

TextTask::TextTask(const DenoiserTrainOptions& options, const TrainOptions& train, at::Device device)
    : options_(options), train_(train), device_(device),
      stream_(std::make_shared<const TokenStream>(TokenStream::open(options.text))), config_(config_for(options, *stream_)),
      builder_(stream_, config_.tokens, int(options.text_length), batch_options(options)),
      network_(config_, device, train.mixed_precision == "bf16" ? Precision::bf16 : Precision::f32) {
  if (options.judge.empty()) return;
  LoadedTextModel judge = load_text_model(options.judge, device);
  if (judge.config.transformer.attention != fusion::AttentionKind::causal ||
      !(judge.config.tokens.text == config_.tokens.text)) {
    throw OptionError("--judge " + options.judge + ": expected a model that --objective ar made from the same text");
  }
  judge_ = std::make_unique<TextNetwork>(judge.config, device, Precision::f32);
  judge_weights_ = std::move(judge.weights);
}

std::vector<NamedTensor> TextTask::initial_weights() const {
  auto tensors = initial_transformer(std::uint64_t(train_.seed), network_.weights(), config_.transformer.layers);
  if (!options_.init_from.empty()) load_matching(options_.init_from, tensors);
  return tensors;
}

PassResult TextTask::forward(const TensorMap& weights, const PassKey& key) {
  const std::int64_t batch_size = train_.train_batch_size;
  const BatchKey batch_key{std::uint64_t(train_.seed), key.step * train_.gradient_accumulation_steps + key.micro,
                           key.rank * batch_size, batch_size, batch_size * key.ranks};
  const TextBatch batch = builder_.training(batch_key, key.step);
  // A pass that masked nothing still needs a loss with a gradient.
  if (batch.rows.empty()) return {at::sum(weights.begin()->second) * 0.0, {}};
  const at::Tensor each = network_.losses(weights, batch, builder_.options().diffusion_steps, options_.d3pm_lambda);
  return {at::sum(each * to_torch(batch.weights, device_)), {}};
}

std::vector<Objective> TextTask::bounds() const {
  if (!masks_tokens(builder_.options().objective)) return {builder_.options().objective};
  return {Objective::token_count, Objective::continuous_time};
}

std::vector<double> TextTask::window_losses(const TensorMap& weights, Objective bound) {
  const at::NoGradGuard no_grad;
  const auto windows = evenly(options_.validation_limit, builder_.held_out_windows());
  std::vector<double> losses(windows.size(), 0.0);
  const auto repeats = builder_.options().objective == Objective::autoregressive ||
                               builder_.options().objective == Objective::multi_token
                           ? 1
                           : options_.validation_masks;
  for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
    for (std::size_t begin = 0; begin < windows.size(); begin += kEvaluationBatch) {
      const auto part = std::span(windows).subspan(begin, std::min(kEvaluationBatch, windows.size() - begin));
      std::vector<double> sums(part.size(), 0.0);
      const TextBatch batch = builder_.evaluation(
          part, {kEvaluationSeed, repeat, std::int64_t(begin), std::int64_t(part.size()), std::int64_t(windows.size())}, bound);
      if (batch.rows.empty()) continue;
      const at::Tensor each =
          network_.losses(weights, batch, builder_.options().diffusion_steps, 0).to(at::kCPU, at::kDouble).contiguous();
      for (std::size_t i = 0; i < batch.rows.size(); ++i) {
        sums[std::size_t(batch.sample[i])] += each.data_ptr<double>()[i] * double(batch.weights[i]) * double(part.size());
      }
      for (std::size_t i = 0; i < part.size(); ++i) losses[begin + i] += sums[i] / double(repeats);
    }
  }
  return losses;
}

Measurements TextTask::validate(const TensorMap& weights, std::int64_t) {
  Measurements out;
  for (const Objective bound : bounds()) {
    const fusion::MeanError nats = fusion::mean_error(window_losses(weights, bound));
    const std::string name = bound == Objective::continuous_time ? "val_bits_continuous" : "val_bits";
    out.push_back({name, nats.mean / std::numbers::ln2});
    out.push_back({name + "_error", nats.error / std::numbers::ln2});
  }
  return out;
}

std::vector<int> TextTask::call_counts() const {
  const int length = builder_.length();
  switch (builder_.options().objective) {
    case Objective::autoregressive:
    case Objective::any_order: return {length};
    case Objective::multi_token: {
      const int ahead = builder_.options().predict_ahead;
      return {(length + ahead - 1) / ahead};
    }
    default: return {length, std::max(1, length / kTogether)};
  }
}

void TextTask::sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) {
  const at::NoGradGuard no_grad;
  const std::string prefix = (folder / ("step-" + std::to_string(step))).string();
  std::vector<std::vector<double>> columns;
  std::string table = "window";
  for (const Objective bound : bounds()) {
    table += "," + std::string(name_of(bound));
    columns.push_back(window_losses(weights, bound));
  }
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    table += "\n" + std::to_string(i);
    for (const auto& column : columns) table += "," + std::to_string(column[i]);
  }
  weights::write_file_atomic(prefix + "-windows.csv", table + "\n");
  if (options_.sample_count == 0) return;
  std::string shown;
  weights::Json runs = weights::Json::array();
  for (const int calls : call_counts()) {
    const WrittenTexts texts = write_texts(network_, builder_, weights, int(options_.sample_count), calls, std::uint64_t(train_.seed));
    const Judgement judgement = judge_texts(judge_.get(), judge_weights_, texts);
    const double tokens = double(texts.ids.size()) * builder_.length();
    weights::Json run = weights::Json::object();
    run.set("calls", texts.calls).set("texts", double(texts.ids.size())).set("tokens", tokens).set("seconds", texts.seconds);
    run.set("unigram_entropy", judgement.unigram_entropy);
    if (judge_) run.set("gen_ppl", judgement.gen_ppl);
    runs.push_back(std::move(run));
    shown += "# " + std::to_string(texts.calls) + " calls\n";
    for (const auto& ids : texts.ids) shown += stream_->pieces.decode(ids) + "\n---\n";
  }
  weights::write_file_atomic(prefix + "-texts.txt", shown);
  weights::write_json_file(prefix + "-texts.json", runs);
}

void TextTask::export_model(const TensorMap& weights, const std::filesystem::path& folder) {
  export_model_folder(folder, config_.to_json(), weights, {options_.export_dtype, options_.export_shard_size_mb});
  write_piece_table(folder, stream_->pieces);
}

}  // namespace lacuna::training
