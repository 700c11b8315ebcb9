#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fusion/training/denoiser_trainer.h"
#include "fusion/training/text_network.h"

namespace lacuna::training {

/// Trains a model of text alone on windows of a text, under any of the objectives.
class TextTask : public TrainTask {
 public:
  /// Throws OptionError for settings that do not go together, std::invalid_argument, weights::IoError,
  /// weights::CheckpointError.
  TextTask(const DenoiserTrainOptions& options, const TrainOptions& train, at::Device device);

  std::vector<NamedTensor> initial_weights() const override;
  std::vector<NamedTensor> state() override { return {}; }
  std::vector<std::string> metrics() const override { return {}; }
  PassResult forward(const TensorMap& weights, const PassKey& key) override;
  void after_step(std::int64_t, Ranks&) override {}
  /// Bits a token of held-out windows with the standard error of their mean, and where tokens are masked the same by the
  /// continuous form of the bound.
  Measurements validate(const TensorMap& weights, std::int64_t step) override;
  /// step-N-windows.csv: nats a token of each held-out window; step-N-texts.txt and step-N-texts.json: texts written by
  /// the network, their cost, and what the judge says.
  void sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) override;
  void export_model(const TensorMap& weights, const std::filesystem::path& folder) override;

 private:
  /// Nats a token of each window, the mean over `repeats` masks.
  std::vector<double> window_losses(const TensorMap& weights, Objective bound);
  std::vector<Objective> bounds() const;
  std::vector<int> call_counts() const;

  DenoiserTrainOptions options_;
  TrainOptions train_;
  at::Device device_;
  std::shared_ptr<const TokenStream> stream_;
  fusion::LacunaConfig config_;
  TextBatchBuilder builder_;
  TextNetwork network_;
  std::unique_ptr<TextNetwork> judge_;
  TensorMap judge_weights_;
};

}  // namespace lacuna::training
