#pragma once

#include <span>

#include "fusion/graph/graph.h"
#include "tests/conformance/array.h"

namespace lacuna::conformance {

using Arrays = std::span<const Array* const>;

/// The output of one node by its formula.
Array evaluate(const graph::Node& node, const graph::Shape& shape, Arrays in);

/// Parts of evaluate: primitives that mix elements, and the fused ops.
Array evaluate_primitive(const graph::Node& node, const graph::Shape& shape, Arrays in);
Array evaluate_fused(const graph::Node& node, const graph::Shape& shape, Arrays in);
/// draw and propose on logits [M, V].
Array draw_proposals(const Array& logits, const Array* unconditional, const Array& sampling, const Array& keys);

}  // namespace lacuna::conformance
