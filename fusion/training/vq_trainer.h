#pragma once

#include <functional>
#include <map>
#include <memory>

#include "fusion/training/augmentation.h"
#include "fusion/training/data_order.h"
#include "fusion/training/pixel_set.h"
#include "fusion/training/torch_forward.h"
#include "fusion/training/train_options.h"
#include "fusion/training/train_task.h"
#include "fusion/training/vq_quantiser.h"
#include "vision/vq_config.h"
#include "vision/vq_network.h"

namespace lacuna::training {

/// Settings of `lacuna-train vq` beside TrainOptions.
struct VqTrainOptions {
  std::string data;  // folder of pixel shards
  std::string init_from;
  bool decoder_only = false;
  std::int64_t validation_limit = 256;

  std::int64_t channels = 64;
  std::string multipliers = "1,2,2";
  std::string encoder_blocks = "1,1,2";
  std::string decoder_blocks = "2,2,2";
  bool mid_attention = true;
  std::int64_t latent_channels = 8;
  std::string quantiser = "nearest";
  std::int64_t codebook_size = 4096;
  bool normalise_latents = true;
  std::int64_t norm_groups = 32;

  double l1 = 1.0;
  double l2 = 1.0;
  double edge = 0.5;
  QuantiserOptions quantiser_training;
  AugmentOptions augmentation;

  void describe(OptionTable& table);
  /// Throws OptionError, std::invalid_argument.
  vision::VqConfig config() const;
};

/// Trains the image tokenizer on pictures: L1, L2 and edge distance to the reconstruction, plus the quantiser's
/// own loss. With decoder_only the encoder and the codebook of init_from stay as they are, so that codes keep their
/// meaning for a denoiser that was trained on them.
class VqTask : public TrainTask {
 public:
  VqTask(const VqTrainOptions& options, const TrainOptions& train, const ShardSet& shards, at::Device device);

  std::vector<NamedTensor> initial_weights() const override;
  std::vector<NamedTensor> state() override { return quantiser_.state(); }
  std::vector<std::string> metrics() const override { return {"l1", "psnr", "quantiser_loss", "code_perplexity"}; }
  PassResult forward(const TensorMap& weights, const PassKey& key) override;
  void after_step(std::int64_t step, Ranks& ranks) override {
    if (!options_.decoder_only) quantiser_.update(step, ranks);
  }
  Measurements validate(const TensorMap& weights, std::int64_t step) override;
  void sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) override;
  void export_model(const TensorMap& weights, const std::filesystem::path& folder) override;

 private:
  struct Graphs {
    graph::Graph encoder, decoder;
  };
  const Graphs& graphs(std::int64_t batch);
  vision::VqShape one_picture() const { return {1, code_rows_, code_columns_}; }
  const TensorMap& encoder_weights(const TensorMap& trained) const { return options_.decoder_only ? frozen_ : trained; }
  Quantised encode(const graph::Graph& encoder, const TensorMap& weights, const at::Tensor& pixels);
  at::Tensor reconstruct(const TensorMap& weights, const at::Tensor& pixels, at::Tensor* codes);

  VqTrainOptions options_;
  TrainOptions train_;
  vision::VqConfig config_;
  Precision precision_;
  PixelSet pictures_, held_out_;
  DataOrder order_;
  std::map<std::int64_t, Graphs> graphs_;
  int code_rows_, code_columns_;
  VqQuantiser quantiser_;
  TensorMap frozen_;  // the encoder, decoder_only
};

}  // namespace lacuna::training
