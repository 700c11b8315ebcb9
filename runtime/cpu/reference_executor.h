#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fusion/graph/executor.h"

namespace lacuna::cpu {

/// The engine that every other one is measured against: primitives in plain loops, float32 values with sums in
/// float64, one thread; fused ops always run as their definition (graph/decompose.h). Slow on purpose.
class ReferenceExecutor final : public graph::Executor {
 public:
  std::string name() const override { return "reference"; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;

 private:
  using Values = std::vector<float>;
  /// Weights in f32 by source and name, for as long as a plan uses them. A plan keeps its source alive, so an
  /// address cannot come to mean another source while an entry lives.
  std::map<std::pair<const graph::WeightSource*, std::string>, std::weak_ptr<const Values>> weights_;
};

}  // namespace lacuna::cpu
