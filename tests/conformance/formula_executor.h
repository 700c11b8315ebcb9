#pragma once

#include "fusion/graph/executor.h"

namespace lacuna::conformance {

/// A second opinion on the reference engine: every op, fused ones included, straight from its formula in float64
/// on values indexed by coordinates. Shares no code with the engines: no lowering, no memory plan, its own draw.
class FormulaExecutor final : public graph::Executor {
 public:
  std::string name() const override { return "formula"; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;
};

}  // namespace lacuna::conformance
