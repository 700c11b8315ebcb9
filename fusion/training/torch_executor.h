#pragma once

#include <memory>
#include <string>

#include "fusion/graph/executor.h"
#include "fusion/training/torch_forward.h"

namespace lacuna::training {

/// The libtorch engine behind the common interface: sample grids and captions during training run through
/// the same code as in the finished program. No gradients.
class TorchExecutor : public graph::Executor {
 public:
  explicit TorchExecutor(at::Device device, Precision precision = Precision::f32);
  ~TorchExecutor() override;

  std::string name() const override { return "torch"; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;

 private:
  struct Cache;  // weights already on the device, by source
  at::Device device_;
  Precision precision_;
  std::shared_ptr<Cache> cache_;
};

/// Tensors in training as a WeightSource, so that the inference code can read them: a float32 copy in host
/// memory, taken at construction.
class TensorWeights : public graph::WeightSource {
 public:
  explicit TensorWeights(const TensorMap& tensors);
  const graph::WeightView* find(std::string_view name) const override;

 private:
  std::map<std::string, graph::WeightView, std::less<>> views_;
  std::vector<at::Tensor> owned_;
};

}  // namespace lacuna::training
