#pragma once

#include <functional>

#include "fusion/graph/graph.h"

namespace lacuna::graph {

/// Asks an engine whether it runs a fused node as it is.
using Supports = std::function<bool(const Graph&, const Node&)>;

/// Replaces every fused node that `supports` does not claim by its definition in primitives (and in
/// other fused ops, asked again). Inputs, outputs and weights keep their names and order.
Graph lower(const Graph& graph, const Supports& supports);

}  // namespace lacuna::graph
