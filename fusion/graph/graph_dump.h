#pragma once

#include <string>

#include "fusion/graph/graph.h"

namespace lacuna::graph {

/// The program as text, one node a line ("%7 = linear(%5, w:blocks.0.q_proj.weight) : f32 [280, 384]"), to read and diff.
std::string dump(const Graph& graph);

}  // namespace lacuna::graph
