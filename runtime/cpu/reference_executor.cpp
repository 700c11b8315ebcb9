#include "runtime/cpu/reference_executor.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "fusion/graph/lower.h"
#include "fusion/graph/memory_plan.h"
#include "fusion/graph/signature.h"
#include "runtime/cpu/reference_ops.h"
#include "runtime/cpu/reference_weights.h"

namespace lacuna::cpu {
namespace {

using graph::Graph;
using graph::HostTensor;
using graph::ValueId;
using graph::ValueKind;

using SharedValues = std::shared_ptr<const std::vector<float>>;

std::size_t bytes_of(const Graph& graph, ValueId id) {
  return std::size_t(graph.value(id).shape.elements()) * size_of(graph.value(id).dtype);
}

struct Step {
  graph::Node node;
  std::vector<ReferenceTensor> inputs;
  ReferenceTensor output;
};

class ReferencePlan final : public graph::Plan {
 public:
  /// `weights` holds the f32 elements by value id, empty for values that are no weight.
  ReferencePlan(const Graph& primitives, std::vector<SharedValues> weights,
                std::shared_ptr<const graph::WeightSource> source)
      : graph_(primitives), signature_(primitives), weights_(std::move(weights)), source_(std::move(source)) {
    const graph::MemoryPlan memory = graph::plan_memory(graph_, bytes_of);
    arena_.resize(memory.arena_bytes);
    std::vector<ReferenceTensor> tensors;
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const graph::ValueInfo& info = graph_.values[i];
      tensors.push_back({info.dtype, info.shape, nullptr});
      std::byte*& data = tensors.back().data;
      // Weights and constants are never a node's output, so they are never written to.
      if (weights_[i]) data = reinterpret_cast<std::byte*>(const_cast<float*>(weights_[i]->data()));
      if (info.kind == ValueKind::constant) {
        data = reinterpret_cast<std::byte*>(const_cast<float*>(info.constant.data()));
      }
      if (info.kind == ValueKind::computed && memory.offsets[i] != graph::MemoryPlan::kNone) {
        data = arena_.data() + memory.offsets[i];
      }
    }
    for (ValueId id : graph_.inputs) {
      inputs_.emplace_back(graph_.value(id).dtype, graph_.value(id).shape);
      tensors[std::size_t(id)].data = inputs_.back().bytes().data();
    }
    for (const graph::Node& node : graph_.nodes) {
      Step step{node, {}, tensors[std::size_t(node.output)]};
      for (ValueId id : node.inputs) step.inputs.push_back(tensors[std::size_t(id)]);
      if (node.op == graph::Op::draw) scratch_.reserve(std::size_t(step.inputs[0].shape[1]));
      steps_.push_back(std::move(step));
    }
    for (ValueId id : graph_.outputs) outputs_.push_back(tensors[std::size_t(id)]);
  }

  void run(std::span<const HostTensor> inputs, std::span<HostTensor> outputs) override {
    signature_.check(inputs, outputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) std::ranges::copy(inputs[i].bytes(), inputs_[i].bytes().begin());
    for (const Step& step : steps_) reference::run_node(step.node, step.inputs, step.output, scratch_);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      std::copy_n(outputs_[i].data, outputs[i].bytes().size(), outputs[i].bytes().begin());
    }
  }

  std::size_t scratch_bytes() const override { return arena_.size(); }

 private:
  Graph graph_;
  graph::Signature signature_;
  std::vector<SharedValues> weights_;
  std::shared_ptr<const graph::WeightSource> source_;
  std::vector<std::byte> arena_;
  std::vector<HostTensor> inputs_;
  std::vector<ReferenceTensor> outputs_;
  std::vector<Step> steps_;
  DrawScratch scratch_;
};

}  // namespace

std::unique_ptr<graph::Plan> ReferenceExecutor::prepare(const Graph& graph,
                                                        std::shared_ptr<const graph::WeightSource> weights) {
  const Graph primitives = graph::lower(graph, [](const Graph&, const graph::Node&) { return false; });
  std::vector<SharedValues> values(primitives.values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const graph::ValueInfo& info = primitives.values[i];
    if (info.kind != ValueKind::weight) continue;
    if (!weights) throw std::invalid_argument("[prepare] expected a source with weight \"" + info.name + "\", got none");
    std::weak_ptr<const Values>& cached = weights_[{weights.get(), info.name}];
    values[i] = cached.lock();
    if (values[i] && std::int64_t(values[i]->size()) == info.shape.elements()) {
      const graph::WeightView* view = weights->find(info.name);
      if (view && view->shape == info.shape) continue;
    }
    values[i] = std::make_shared<const Values>(weight_as_f32(*weights, info.name, info.shape));
    cached = values[i];
  }
  return std::make_unique<ReferencePlan>(primitives, std::move(values), std::move(weights));
}

}  // namespace lacuna::cpu
