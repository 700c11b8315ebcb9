#pragma once

#include <map>
#include <memory>
#include <string>

#include "fusion/models/lacuna_family.h"
#include "fusion/training/denoiser_batch.h"
#include "fusion/training/denoiser_evaluation.h"
#include "fusion/training/torch_forward.h"
#include "fusion/training/train_options.h"
#include "fusion/training/train_task.h"

namespace lacuna::training {

/// Settings of `lacuna-train denoiser` beside TrainOptions.
struct DenoiserTrainOptions {
  std::string data;       // folder of token shards
  std::string text;       // text alone: a text file or a folder of shards; instead of data
  std::string tokenizer;  // image tokenizer for sample pictures; may be empty
  std::string init_from;

  std::int64_t width = 384;
  std::int64_t layers = 9;
  std::int64_t heads = 6;
  std::int64_t mlp_width = 1024;
  std::int64_t text_length = 64;  // of a window of text alone
  bool logit_shift = false;
  bool time_input = false;

  std::string objective = "mdm-token";
  std::string noise_schedule = "linear";
  double cond_dropout_prob = 0.1;
  double picture_dropout = 0.0;
  std::int64_t drawing_copies = 0;
  double min_masking_rate = 0.0;
  double text_to_image_weight = 0.5;
  double captioning_weight = 0.3;
  double joint_weight = 0.2;
  double text_only_weight = 0.0;
  double image_coeff = 1.0;
  double text_coeff = 1.0;
  double padding_weight = 0.2;
  std::int64_t attention_annealing_steps = 0;
  std::int64_t predict_ahead = 4;
  std::int64_t diffusion_steps = 1000;
  double d3pm_lambda = 0.01;

  std::int64_t validation_limit = 512;
  std::int64_t validation_masks = 4;
  std::string judge;
  std::int64_t caption_limit = 128;
  std::int64_t sample_count = 16;
  std::string export_dtype = "bf16";
  std::int64_t export_shard_size_mb = 0;

  void describe(OptionTable& table);
  BatchOptions batch_options() const;
};

/// Trains the denoiser on codes and captions by masking.
class DenoiserTask : public TrainTask {
 public:
  DenoiserTask(const DenoiserTrainOptions& options, const TrainOptions& train, ShardSet shards, at::Device device);

  std::vector<NamedTensor> initial_weights() const override;
  std::vector<NamedTensor> state() override { return {}; }
  std::vector<std::string> metrics() const override { return {"image_loss", "text_loss"}; }
  PassResult forward(const TensorMap& weights, const PassKey& key) override;
  void after_step(std::int64_t, Ranks&) override {}
  /// Bits per token of val_cross pictures given their captions and the other way round, and the share of
  /// captions with the exact label.
  Measurements validate(const TensorMap& weights, std::int64_t step) override;
  void sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) override;
  void export_model(const TensorMap& weights, const std::filesystem::path& folder) override;

 private:
  struct Losses {
    at::Tensor text, image;  // weighted sums of cross-entropies; undefined where nothing is scored
  };
  Losses losses(const TensorMap& weights, const DenoiserBatch& batch, std::int64_t samples);
  const graph::Graph& graph_of(std::int64_t samples, std::int64_t text_rows, std::int64_t image_rows);
  double bound(const TensorMap& weights, Task task, std::span<const std::int64_t> records);
  std::vector<std::int64_t> held_out(std::int64_t limit) const;

  DenoiserTrainOptions options_;
  TrainOptions train_;
  at::Device device_;
  Precision precision_;
  std::shared_ptr<const ShardSet> shards_;
  fusion::LacunaConfig config_;
  std::shared_ptr<const fusion::ModelFamily> family_;
  BatchBuilder builder_;
  BatchPrefetcher prefetcher_;
  DenoiserEvaluation evaluation_;
  std::map<std::array<std::int64_t, 3>, graph::Graph> graphs_;
  std::map<std::int64_t, at::Tensor> positions_;  // by number of samples
};

}  // namespace lacuna::training
