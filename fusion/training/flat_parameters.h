#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fusion/training/tensors.h"

namespace lacuna::training {

/// All trained weights as views into one float32 vector, and their gradients into another: the optimiser, the
/// moving average, clipping and the sum over processes are then a few calls each, whatever the model.
/// Weights that decay come first.
class FlatParameters {
 public:
  FlatParameters(const std::vector<NamedTensor>& initial, at::Device device);

  /// Leaves that require gradients, for forward passes.
  const TensorMap& weights() const { return weights_; }
  at::Tensor& values() { return values_; }
  at::Tensor& gradients() { return gradients_; }
  std::int64_t size() const { return values_.numel(); }
  /// Elements at the front that weight decay acts on: matrices and kernels, not norms, biases and embeddings.
  std::int64_t decayed() const { return decayed_; }

  /// The pieces of another vector of the same layout, by weight name.
  TensorMap views_of(const at::Tensor& flat) const;
  std::vector<NamedTensor> named_views_of(const at::Tensor& flat) const;

 private:
  struct Place {
    std::string name;
    std::vector<std::int64_t> sizes;
    std::int64_t begin = 0;
    std::int64_t count = 0;
  };
  at::Tensor view(const at::Tensor& flat, const Place& place) const;

  std::vector<Place> places_;
  at::Tensor values_, gradients_;
  TensorMap weights_;
  std::int64_t decayed_ = 0;
};

}  // namespace lacuna::training
