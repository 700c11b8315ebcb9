#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>

#include "fusion/models/lacuna_family.h"
#include "fusion/training/text_batch.h"
#include "fusion/training/torch_forward.h"

namespace lacuna::training {

/// Runs a model of text alone on batches of numbers.
class TextNetwork {
 public:
  TextNetwork(const fusion::LacunaConfig& config, at::Device device, Precision precision);

  const fusion::LacunaConfig& config() const { return config_; }
  /// Weights that the graph has.
  std::vector<graph::NamedShape> weights() const;

  /// Logits over the text ids of the batch's scored rows, float32 [M, V].
  at::Tensor logits(const TensorMap& weights, const TextBatch& batch);
  /// The loss of every scored row, nats, not weighted: -log of the target's probability; under d3pm_uniform T times the
  /// divergence of the two posteriors plus `lambda` times that (objective.h).
  at::Tensor losses(const TensorMap& weights, const TextBatch& batch, int diffusion_steps, double lambda);

 private:
  const graph::Graph& graph_of(const TextBatch& batch);

  fusion::LacunaConfig config_;
  std::unique_ptr<fusion::ModelFamily> family_;
  at::Device device_;
  Precision precision_;
  std::map<std::array<std::int64_t, 4>, graph::Graph> graphs_;
};

/// What the network's reverse step of the uniform process is but for the factor q(x_t = noisy | x_{t-1} = j):
/// sum over k of mu_k q(x_{t-1} = j | k) / q(x_t = noisy | k), for every j, [M, K]. mu [M, K] are probabilities, noisy
/// int64 [M, 1] the classes at t; kept and kept_before [M, 1] the untouched parts at t and at t - 1.
at::Tensor uniform_reverse(const at::Tensor& mu, const at::Tensor& noisy, const at::Tensor& kept,
                           const at::Tensor& kept_before);

/// Weights of a model folder of text alone, and its config. Throws weights::IoError, weights::CheckpointError;
/// std::invalid_argument for another kind of model.
struct LoadedTextModel {
  fusion::LacunaConfig config;
  TensorMap weights;
};
LoadedTextModel load_text_model(const std::filesystem::path& folder, at::Device device);

}  // namespace lacuna::training
