#include "tests/conformance/formula_executor.h"

#include <algorithm>

#include "runtime/weights/convert.h"
#include "tests/conformance/formulas.h"

namespace lacuna::conformance {
namespace {

using graph::DType;
using graph::HostTensor;

class FormulaPlan final : public graph::Plan {
 public:
  FormulaPlan(const graph::Graph& graph, std::shared_ptr<const graph::WeightSource> weights)
      : graph_(graph), weights_(std::move(weights)) {}

  void run(std::span<const HostTensor> inputs, std::span<HostTensor> outputs) override {
    std::vector<Array> values;
    for (const graph::ValueInfo& info : graph_.values) {
      values.emplace_back(info.shape);
      if (info.kind == graph::ValueKind::constant) std::ranges::copy(info.constant, values.back().values.begin());
      if (info.kind == graph::ValueKind::weight) {
        std::ranges::copy(weights::to_float(*weights_->find(info.name)), values.back().values.begin());
      }
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto& to = values[std::size_t(graph_.inputs[i])].values;
      if (inputs[i].dtype() == DType::i32) {
        std::ranges::copy(inputs[i].i32(), to.begin());
      } else {
        std::ranges::copy(inputs[i].f32(), to.begin());
      }
    }
    for (const graph::Node& node : graph_.nodes) {
      std::vector<const Array*> in;
      for (graph::ValueId id : node.inputs) in.push_back(&values[std::size_t(id)]);
      values[std::size_t(node.output)] = evaluate(node, graph_.value(node.output).shape, in);
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto& from = values[std::size_t(graph_.outputs[i])].values;
      if (outputs[i].dtype() == DType::i32) {
        std::ranges::transform(from, outputs[i].i32().begin(), [](double x) { return std::int32_t(x); });
      } else {
        std::ranges::transform(from, outputs[i].f32().begin(), [](double x) { return float(x); });
      }
    }
  }

  std::size_t scratch_bytes() const override { return 0; }

 private:
  graph::Graph graph_;
  std::shared_ptr<const graph::WeightSource> weights_;
};

}  // namespace

std::unique_ptr<graph::Plan> FormulaExecutor::prepare(const graph::Graph& graph,
                                                      std::shared_ptr<const graph::WeightSource> weights) {
  return std::make_unique<FormulaPlan>(graph, std::move(weights));
}

}  // namespace lacuna::conformance
