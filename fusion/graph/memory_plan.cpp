#include "fusion/graph/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace lacuna::graph {
namespace {

/// Nodes between which a value must stay.
struct Life {
  std::size_t first = 0;
  std::size_t last = 0;
};

bool overlap(const Life& a, const Life& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

MemoryPlan plan_memory(const Graph& graph, const BytesOf& bytes_of, std::size_t alignment) {
  const std::size_t count = graph.values.size();
  MemoryPlan plan{std::vector(count, MemoryPlan::kNone), std::vector<std::size_t>(count, 0), 0};
  std::vector<Life> lives(count);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    lives[std::size_t(graph.nodes[n].output)] = {n, n};
    for (ValueId id : graph.nodes[n].inputs) lives[std::size_t(id)].last = n;
  }
  for (ValueId id : graph.outputs) lives[std::size_t(id)].last = graph.nodes.size();

  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (graph.values[i].kind != ValueKind::computed) continue;
    const std::size_t bytes = bytes_of(graph, ValueId(i));
    plan.bytes[i] = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > 0) order.push_back(i);
  }
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return plan.bytes[a] > plan.bytes[b]; });

  std::vector<std::size_t> placed;  // in order of offset
  for (std::size_t i : order) {
    std::size_t offset = 0;
    for (std::size_t other : placed) {
      if (!overlap(lives[i], lives[other])) continue;
      if (plan.offsets[other] >= offset + plan.bytes[i]) break;
      offset = std::max(offset, plan.offsets[other] + plan.bytes[other]);
    }
    plan.offsets[i] = offset;
    plan.arena_bytes = std::max(plan.arena_bytes, offset + plan.bytes[i]);
    const auto at = std::ranges::upper_bound(placed, offset, {}, [&](std::size_t v) { return plan.offsets[v]; });
    placed.insert(at, i);
  }
  return plan;
}

}  // namespace lacuna::graph
