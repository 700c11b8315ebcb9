#include "fusion/training/denoiser_trainer.h"

#include <ATen/core/grad_mode.h>

#include <array>
#include <cmath>
#include <numbers>

#include "fusion/training/export_model.h"
#include "fusion/training/initial_weights.h"
#include "fusion/training/picture_file.h"
#include "fusion/training/pixel_set.h"
#include "fusion/training/tensor_file.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json_file.h"
#include "vision/vq_names.h"
#include "vision/vq_network.h"

namespace lacuna::training {
namespace {

constexpr int kBatchesAhead = 4;
constexpr std::size_t kEvaluationBatch = 64;
constexpr std::uint64_t kEvaluationSeed = 20240902;  // masks of the bound are the same at every validation
constexpr std::size_t kGraphsKept = 256;

fusion::LacunaConfig config_for(const DenoiserTrainOptions& options, const ShardLayout& layout) {
  if (layout.kind != PictureKind::tokens) {
    throw std::invalid_argument("[denoiser] " + options.data +
                                ": expected shards of codes (lacuna-train encode), these hold pixels");
  }
  fusion::LacunaSizes sizes;
  sizes.text_vocabulary = layout.text_vocabulary;
  sizes.codebook = layout.codebook_size;
  sizes.end_of_text = layout.end_of_text;
  sizes.text_length = layout.text_length;
  sizes.grid = layout.code_height;
  sizes.width = int(options.width);
  sizes.layers = int(options.layers);
  sizes.heads = int(options.heads);
  sizes.mlp_width = int(options.mlp_width);
  fusion::LacunaConfig config = fusion::make_lacuna_config(sizes);
  config.sizes.grid_width = layout.code_width;
  return config;
}

}  // namespace

void DenoiserTrainOptions::describe(OptionTable& table) {
  table.section("data");
  table.add("data", data, "folder of token shards (lacuna-train encode)");
  table.add("text", text, "instead of --data, text alone: a text file (every tenth line is held out) or a folder of shards (captions)");
  table.add("tokenizer", tokenizer, "folder of the image tokenizer, for sample pictures");
  table.add("init-from", init_from, "model folder whose weights a new run starts with");
  table.section("model");
  table.add("width", width, {1, 65536}, "width of the residual stream");
  table.add("layers", layers, {1, 1024}, "transformer blocks");
  table.add("heads", heads, {1, 1024}, "attention heads");
  table.add("mlp-width", mlp_width, {1, 262144}, "inner width of a block's MLP");
  table.add("text-length", text_length, {2, 65536}, "--text: tokens of a window");
  table.add("logit-shift", logit_shift, "--text: logits of a masked token come from the row before, as in models that were autoregressive");
  table.add("time-input", time_input, "--text: the network is told the time of the noise process");
  table.section("diffusion");
  const auto& names = objective_names();
  table.add("objective", objective, "what is trained, after the papers (docs/laboratory.md); the last four with --text alone",
            std::vector<std::string>(names.begin(), names.end()));
  table.add("attention-annealing-steps", attention_annealing_steps, {0, 1e9},
            "--text: from a causal attention mask to a full one in so many steps; 0 = full");
  table.add("predict-ahead", predict_ahead, {1, 1024}, "multi-token: tokens predicted at once");
  table.add("diffusion-steps", diffusion_steps, {1, 1e6}, "d3pm-uniform: steps T of the noise process");
  table.add("d3pm-lambda", d3pm_lambda, {0, 1e3}, "d3pm-uniform: weight of the cross-entropy of the clean token");
  table.add("noise-schedule", noise_schedule, "mask rate over time, mdm-elbo and d3pm-uniform only",
            {"linear", "cosine", "arccos", "polynomial", "arcsin"});
  table.add("min-masking-rate", min_masking_rate, {0, 1}, "smallest part that is masked");
  table.add("cond-dropout-prob", cond_dropout_prob, {0, 1}, "text-to-image samples without a caption, for guidance");
  table.add("picture-dropout", picture_dropout, {0, 1}, "captioning samples hide up to this part of the picture's codes");
  table.add("drawing-copies", drawing_copies, {0, 1e6},
            "versions of a picture that text-to-image and joint samples take, the unmoved one first; 0 = all");
  table.add("text-to-image-weight", text_to_image_weight, {0, 1e6}, "how often: picture from caption");
  table.add("captioning-weight", captioning_weight, {0, 1e6}, "how often: caption from picture");
  table.add("joint-weight", joint_weight, {0, 1e6}, "how often: both partly masked");
  table.add("text-only-weight", text_only_weight, {0, 1e6}, "how often: caption without a picture");
  table.add("image-coeff", image_coeff, {0, 1e6}, "weight of the image loss");
  table.add("text-coeff", text_coeff, {0, 1e6}, "weight of the text loss");
  table.add("padding-weight", padding_weight, {0, 1}, "weight of end-of-text tokens after the first");
  table.section("evaluation");
  table.add("validation-limit", validation_limit, {1, 1e9}, "held-out records for the bound");
  table.add("validation-masks", validation_masks, {1, 1e6}, "--text: masks drawn for each held-out window");
  table.add("judge", judge, "--text: model folder of --objective ar that judges the texts which are written (Gen-PPL)");
  table.add("caption-limit", caption_limit, {0, 1e9}, "held-out pictures that are captioned");
  table.add("sample-count", sample_count, {0, 1024}, "pictures drawn at each sampling");
  table.section("export");
  table.add("export-dtype", export_dtype, "number format of the exported matrices", {"f32", "bf16", "int8"});
  table.add("export-shard-size-mb", export_shard_size_mb, {0, 1e6}, "largest exported weights file; 0 = one file");
}

BatchOptions DenoiserTrainOptions::batch_options() const {
  BatchOptions options;
  options.task_weights[int(Task::text_to_image)] = text_to_image_weight;
  options.task_weights[int(Task::captioning)] = captioning_weight;
  options.task_weights[int(Task::joint)] = joint_weight;
  options.task_weights[int(Task::text_only)] = text_only_weight;
  if (!(text_to_image_weight + captioning_weight + joint_weight + text_only_weight > 0)) {
    throw OptionError("--text-to-image-weight and the other task weights: expected one above 0");
  }
  options.caption_dropout = cond_dropout_prob;
  options.picture_dropout = picture_dropout;
  options.drawing_copies = drawing_copies;
  options.padding_weight = padding_weight;
  options.min_masking_rate = min_masking_rate;
  options.objective = objective_named(objective);
  if (!masks_tokens(options.objective) || logit_shift || time_input || attention_annealing_steps > 0) {
    throw OptionError("--objective " + objective + ", --logit-shift, --time-input, --attention-annealing-steps: expected "
                      "mdm-token, mdm-elbo, maskgit or mask-predict alone where pictures are trained; the rest is for --text");
  }
  options.schedule = fusion::NoiseSchedule::named(noise_schedule);
  return options;
}

DenoiserTask::DenoiserTask(const DenoiserTrainOptions& options, const TrainOptions& train, ShardSet shards,
                           at::Device device)
    : options_(options), train_(train), device_(device),
      precision_(train.mixed_precision == "bf16" ? Precision::bf16 : Precision::f32),
      shards_(std::make_shared<const ShardSet>(std::move(shards))), config_(config_for(options, shards_->layout())),
      family_(fusion::make_lacuna_family(config_)),
      builder_(shards_, config_.tokens, config_.sizes, options.batch_options(), std::uint64_t(train.seed)),
      prefetcher_(builder_, train.overfit_one_batch ? 0 : kBatchesAhead),
      evaluation_(family_, shards_, device, precision_) {}

std::vector<NamedTensor> DenoiserTask::initial_weights() const {
  fusion::DenoiserShape shape{{builder_.length()}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
  auto tensors = initial_transformer(std::uint64_t(train_.seed), family_->build(shape).weights(),
                                     config_.transformer.layers);
  if (!options_.tokenizer.empty()) {
    const auto checkpoint = weights::Checkpoint::open(options_.tokenizer);
    const graph::WeightView* codebook = checkpoint.find(vision::kCodebookWeight);
    if (codebook == nullptr) codebook = checkpoint.find(vision::codebook_weight(vision::VqNames::diffusers));
    for (NamedTensor& weight : tensors) {
      if (codebook == nullptr || weight.name != "model.embed_tokens.weight") continue;
      if (codebook->shape[0] != config_.tokens.image.size) {
        throw std::invalid_argument("[denoiser] --tokenizer " + options_.tokenizer + ": expected the tokenizer of these shards, with " +
                                    std::to_string(config_.tokens.image.size) + " codes, got " +
                                    std::to_string(codebook->shape[0]));
      }
      embed_codebook(std::uint64_t(train_.seed), to_torch(*codebook, at::kCPU),
                     weight.tensor.narrow(0, config_.tokens.image.begin, config_.tokens.image.size));
    }
  }
  if (!options_.init_from.empty()) load_matching(options_.init_from, tensors);
  return tensors;
}

const graph::Graph& DenoiserTask::graph_of(std::int64_t samples, std::int64_t text_rows, std::int64_t image_rows) {
  if (graphs_.size() > kGraphsKept) graphs_.clear();
  const auto [entry, fresh] = graphs_.try_emplace({samples, text_rows, image_rows});
  if (fresh) {
    fusion::DenoiserShape shape;
    shape.segments.assign(std::size_t(samples), builder_.length());
    shape.text.count = text_rows;
    shape.image.count = image_rows;
    shape.head = fusion::DenoiserHead::logits;
    entry->second = lower_for_torch(family_->build(shape));
  }
  return entry->second;
}

DenoiserTask::Losses DenoiserTask::losses(const TensorMap& weights, const DenoiserBatch& batch, std::int64_t samples) {
  at::Tensor& positions = positions_[samples];
  if (!positions.defined()) {
    positions = to_torch(builder_.positions(), device_).view({builder_.length(), -1}).repeat({samples, 1});
  }
  std::vector<at::Tensor> inputs{to_torch(batch.ids, device_), positions};
  if (!batch.text.rows.empty()) inputs.push_back(to_torch(batch.text.rows, device_));
  if (!batch.image.rows.empty()) inputs.push_back(to_torch(batch.image.rows, device_));
  const graph::Graph& graph =
      graph_of(samples, std::int64_t(batch.text.rows.size()), std::int64_t(batch.image.rows.size()));
  const auto outputs = torch_forward(graph, weights, inputs, precision_);
  Losses result;
  std::size_t next = 0;
  const auto weighted_sum = [&](const ScoredRows& scored) {
    const at::Tensor logits = outputs[next++].to(at::kFloat);
    const at::Tensor targets = to_torch(scored.targets, device_).to(at::kLong);
    const at::Tensor each = at::cross_entropy_loss(logits, targets, {}, at::Reduction::None);
    return at::sum(each * to_torch(scored.weights, device_));
  };
  if (!batch.text.rows.empty()) result.text = weighted_sum(batch.text);
  if (!batch.image.rows.empty()) result.image = weighted_sum(batch.image);
  return result;
}

PassResult DenoiserTask::forward(const TensorMap& weights, const PassKey& key) {
  const std::int64_t batch_size = train_.train_batch_size;
  const BatchKey batch_key{std::uint64_t(train_.seed), key.step * train_.gradient_accumulation_steps + key.micro,
                           key.rank * batch_size, batch_size, batch_size * key.ranks};
  const DenoiserBatch batch = prefetcher_.get(batch_key);
  const Losses sums = losses(weights, batch, batch_size);
  const at::Tensor zero = at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device_));
  const at::Tensor text = sums.text.defined() ? sums.text : zero, image = sums.image.defined() ? sums.image : zero;
  // The log shows nats a token of the samples that have such tokens: divided by how often that is expected to be,
  // not by how many this pass has, so that means over passes and processes are unbiased.
  const double all = options_.text_to_image_weight + options_.captioning_weight + options_.joint_weight +
                     options_.text_only_weight;
  const double with_image = options_.text_to_image_weight + options_.joint_weight;
  const double with_text = all - options_.text_to_image_weight;
  return {options_.text_coeff * text + options_.image_coeff * image,
          {image.detach() * (all / std::max(1e-9, with_image)), text.detach() * (all / std::max(1e-9, with_text))}};
}

std::vector<std::int64_t> DenoiserTask::held_out(std::int64_t limit) const {
  const auto& all = shards_->records_of(Split::val_cross).empty() ? shards_->records_of(Split::train)
                                                                  : shards_->records_of(Split::val_cross);
  const auto count = std::int64_t(all.size());
  std::vector<std::int64_t> records;
  for (std::int64_t i = 0; i < std::min(limit, count); ++i) {
    records.push_back(all[std::size_t(i * count / std::min(limit, count))]);
  }
  return records;
}

double DenoiserTask::bound(const TensorMap& weights, Task task, std::span<const std::int64_t> records) {
  double nats = 0;
  for (std::size_t begin = 0; begin < records.size(); begin += kEvaluationBatch) {
    const auto part = records.subspan(begin, std::min(kEvaluationBatch, records.size() - begin));
    const auto count = std::int64_t(part.size());
    const BatchKey key{kEvaluationSeed, 0, std::int64_t(begin), count, std::int64_t(records.size())};
    const Losses sums = losses(weights, builder_.evaluation(part, task, key), count);
    nats += (task == Task::captioning ? sums.text : sums.image).item<double>() * double(count);
  }
  return nats / double(records.size());
}

Measurements DenoiserTask::validate(const TensorMap& weights, std::int64_t) {
  const at::NoGradGuard no_grad;
  const auto records = held_out(options_.validation_limit);
  Measurements out{{"val_image_bits", bound(weights, Task::text_to_image, records) / std::numbers::ln2},
                   {"val_text_bits", bound(weights, Task::captioning, records) / std::numbers::ln2}};
  const auto accuracy = [&](const std::vector<std::int64_t>& pictures) {
    const auto captions = evaluation_.captions(weights, pictures);
    double right = 0;
    for (std::size_t i = 0; i < pictures.size(); ++i) right += evaluation_.says_label(captions[i], pictures[i]);
    return right / double(pictures.size());
  };
  if (options_.caption_limit > 0) out.push_back({"val_caption_accuracy", accuracy(held_out(options_.caption_limit))});
  return out;
}

void DenoiserTask::sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) {
  if (options_.sample_count == 0) return;
  const at::NoGradGuard no_grad;
  const auto records = held_out(options_.sample_count);
  const std::string prefix = "step-" + std::to_string(step);
  std::string text;
  const auto captions = evaluation_.captions(weights, records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    text += evaluation_.main_caption(records[i]) + "\t" + captions[i] + "\n";
  }
  weights::write_file_atomic(folder / (prefix + "-captions.tsv"), "expected\twritten\n" + text);
  if (options_.tokenizer.empty()) return;
  const std::filesystem::path tokenizer = options_.tokenizer;
  const auto config = vision::VqConfig::from_json(weights::read_json_file(tokenizer / "config.json"),
                                                  tokenizer / "config.json");
  const auto count = std::int64_t(records.size());
  const graph::Graph graph = lower_for_torch(
      vision::build_vq_detokeniser(config, {count, config_.sizes.grid_height, config_.sizes.grid_width}));
  const auto checkpoint = weights::Checkpoint::open(tokenizer);
  TensorMap decoder;
  for (const auto& [name, shape] : graph.weights()) {
    if (const auto* view = checkpoint.find(name)) decoder.emplace(name, to_torch(*view, device_));
  }
  const at::Tensor codes = evaluation_.pictures(weights, records, std::uint64_t(train_.seed));
  const at::Tensor inputs[] = {codes.reshape({-1}).to(device_)};
  const at::Tensor pixels = torch_forward(graph, decoder, inputs, Precision::f32)[0];
  write_picture_grid(folder / (prefix + "-pictures.png"), real_to_pixels(pixels),
                     int(std::ceil(std::sqrt(double(count)))));
}

void DenoiserTask::export_model(const TensorMap& weights, const std::filesystem::path& folder) {
  export_model_folder(folder, config_.to_json(), weights, {options_.export_dtype, options_.export_shard_size_mb});
}

}  // namespace lacuna::training
