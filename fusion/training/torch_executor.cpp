#include "fusion/training/torch_executor.h"

#include <ATen/core/grad_mode.h>

#include <stdexcept>

namespace lacuna::training {

/// A source is held weakly: once it dies, its tensors go with the next prepare().
struct TorchExecutor::Cache {
  struct Entry {
    std::weak_ptr<const graph::WeightSource> source;
    TensorMap tensors;
  };
  std::vector<Entry> entries;

  TensorMap& tensors_of(const std::shared_ptr<const graph::WeightSource>& source) {
    std::erase_if(entries, [](const Entry& entry) { return entry.source.expired(); });
    for (Entry& entry : entries) {
      if (entry.source.lock() == source) return entry.tensors;
    }
    entries.push_back({source, {}});
    return entries.back().tensors;
  }
};

namespace {

class TorchPlan : public graph::Plan {
 public:
  TorchPlan(graph::Graph graph, TensorMap weights, at::Device device, Precision precision)
      : graph_(std::move(graph)), weights_(std::move(weights)), device_(device), precision_(precision) {}

  void run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) override {
    check(inputs, graph_.inputs, "input");
    check(outputs, graph_.outputs, "output");
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> tensors;
    for (const auto& input : inputs) tensors.push_back(to_torch(input, device_));
    const auto results = torch_forward(graph_, weights_, tensors, precision_);
    for (std::size_t i = 0; i < results.size(); ++i) copy_to_host(results[i], outputs[i]);
  }

  /// torch's allocator decides; nothing is held between runs.
  std::size_t scratch_bytes() const override { return 0; }

 private:
  template <class Tensors>
  void check(const Tensors& tensors, const std::vector<graph::ValueId>& ids, const char* what) const {
    bool ok = tensors.size() == ids.size();
    for (std::size_t i = 0; ok && i < ids.size(); ++i) {
      const auto& info = graph_.value(ids[i]);
      if (tensors[i].dtype() == info.dtype && tensors[i].shape() == info.shape) continue;
      throw std::invalid_argument(std::string("[torch] expected ") + what + " \"" + info.name + "\" " +
                                  std::string(graph::name_of(info.dtype)) + " " + info.shape.to_string() +
                                  ", got " + std::string(graph::name_of(tensors[i].dtype())) + " " +
                                  tensors[i].shape().to_string());
    }
    if (!ok) {
      throw std::invalid_argument(std::string("[torch] expected ") + std::to_string(ids.size()) + " " +
                                  what + "s, got " + std::to_string(tensors.size()));
    }
  }

  graph::Graph graph_;
  TensorMap weights_;
  at::Device device_;
  Precision precision_;
};

}  // namespace

TorchExecutor::TorchExecutor(at::Device device, Precision precision)
    : device_(device), precision_(precision), cache_(std::make_shared<Cache>()) {}
TorchExecutor::~TorchExecutor() = default;

std::unique_ptr<graph::Plan> TorchExecutor::prepare(const graph::Graph& graph,
                                                    std::shared_ptr<const graph::WeightSource> weights) {
  TensorMap used;
  TensorMap& cached = cache_->tensors_of(weights);
  for (const auto& [name, shape] : graph.weights()) {
    auto entry = cached.find(name);
    if (entry == cached.end()) {
      const graph::WeightView* view = weights->find(name);
      if (view == nullptr || !(view->shape == shape)) {
        throw std::invalid_argument("[torch] expected weight \"" + name + "\" with shape " + shape.to_string() +
                                    ", got " + (view == nullptr ? "none" : view->shape.to_string()));
      }
      entry = cached.emplace(name, to_torch(*view, device_)).first;
    }
    used.emplace(name, entry->second);
  }
  return std::make_unique<TorchPlan>(lower_for_torch(graph), std::move(used), device_, precision_);
}

TensorWeights::TensorWeights(const TensorMap& tensors) {
  for (const auto& [name, tensor] : tensors) {
    owned_.push_back(tensor.detach().to(at::kCPU, at::kFloat).contiguous().clone());
    const at::Tensor& host = owned_.back();
    views_[name] = {graph::DType::f32, shape_of(host),
                    {static_cast<const std::byte*>(host.data_ptr()), std::size_t(host.nbytes())}, {}};
  }
}

const graph::WeightView* TensorWeights::find(std::string_view name) const {
  const auto found = views_.find(name);
  return found == views_.end() ? nullptr : &found->second;
}

}  // namespace lacuna::training
