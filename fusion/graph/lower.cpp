#include "fusion/graph/lower.h"

#include <utility>

#include "fusion/graph/decompose.h"
#include "fusion/graph/graph_builder.h"

namespace lacuna::graph {
namespace {

/// Expands the fused nodes once. Returns whether anything changed.
bool expand_once(const Graph& graph, const Supports& supports, Graph& result) {
  GraphBuilder b;
  std::vector<Value> map(graph.values.size());
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const ValueInfo& info = graph.values[i];
    if (info.kind == ValueKind::input) map[i] = b.input(info.name, info.dtype, info.shape);
    if (info.kind == ValueKind::weight) map[i] = b.weight(info.name, info.shape);
    if (info.kind == ValueKind::constant) map[i] = b.constant(info.shape, info.constant);
  }
  bool changed = false;
  for (const Node& node : graph.nodes) {
    std::vector<Value> inputs;
    for (ValueId id : node.inputs) inputs.push_back(map[std::size_t(id)]);
    const ValueInfo& out = graph.value(node.output);
    Value& target = map[std::size_t(node.output)];
    if (is_fused(node.op) && !supports(graph, node)) {
      target = decompose(b, node.op, node.attributes, inputs);
      changed = true;
    } else {
      target = b.node(node.op, inputs, out.dtype, out.shape, node.attributes);
    }
  }
  for (ValueId id : graph.outputs) b.output(graph.value(id).name, map[std::size_t(id)]);
  result = b.finish();
  return changed;
}

}  // namespace

Graph lower(const Graph& graph, const Supports& supports) {
  Graph current = graph;
  Graph next;
  while (expand_once(current, supports, next)) std::swap(current, next);
  return current;
}

}  // namespace lacuna::graph
