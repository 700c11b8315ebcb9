#pragma once

#include <span>

#include "fusion/graph/graph_builder.h"

namespace lacuna::graph {

/// The definition of a fused op: builds it from primitives (or other fused ops) on `inputs`, the values that
/// stand for the node's inputs. This is the specification that every engine's own version is tested against.
/// Throws std::invalid_argument for a primitive.
Value decompose(GraphBuilder& b, Op op, const Attributes& attributes, std::span<const Value> inputs);

}  // namespace lacuna::graph
