#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "fusion/training/ranks.h"
#include "fusion/training/tensors.h"

namespace lacuna::training {

/// Which forward pass of a run this is.
struct PassKey {
  std::int64_t step = 0;
  std::int64_t micro = 0;  // 0 to gradient_accumulation_steps - 1
  int rank = 0;
  int ranks = 1;
};

/// The loss of one forward pass and numbers for the log, in the order of TrainTask::metrics. All are scalars on
/// the device; nobody waits for them.
struct PassResult {
  at::Tensor loss;
  std::vector<at::Tensor> metrics;
};

using Measurements = std::vector<std::pair<std::string, double>>;

/// What is trained: the part of a run that differs between the image tokenizer and the denoiser.
class TrainTask {
 public:
  virtual ~TrainTask() = default;
  /// Weights as a new run starts with, float32.
  virtual std::vector<NamedTensor> initial_weights() const = 0;
  /// Tensors beside the weights that a checkpoint must hold (a codebook that follows a moving average). They are
  /// restored in place.
  virtual std::vector<NamedTensor> state() = 0;
  virtual std::vector<std::string> metrics() const = 0;
  virtual PassResult forward(const TensorMap& weights, const PassKey& key) = 0;
  /// After the optimiser's step; `step` counts from 0.
  virtual void after_step(std::int64_t step, Ranks& ranks) = 0;
  /// Measures `weights` (the moving average) on held-out data.
  virtual Measurements validate(const TensorMap& weights, std::int64_t step) = 0;
  /// Writes pictures and texts that show what `weights` do into `folder`.
  virtual void sample(const TensorMap& weights, std::int64_t step, const std::filesystem::path& folder) = 0;
  /// Writes a model folder that the sampling program can open.
  virtual void export_model(const TensorMap& weights, const std::filesystem::path& folder) = 0;
};

}  // namespace lacuna::training
