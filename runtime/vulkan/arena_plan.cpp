#include "runtime/vulkan/arena_plan.h"

#include <algorithm>
#include <string>

#include "fusion/graph/executor.h"
#include "fusion/graph/memory_plan.h"

namespace lacuna::vulkan {
namespace {

/// The dispatches as a graph for the planner: an empty node makes each buffer where it is first written, then the
/// dispatch reads all it touches, so that results and scratch of one dispatch never share memory.
graph::Graph lifetimes(const Program& program) {
  graph::Graph g;
  g.values.resize(program.buffers.size() + program.dispatches.size());
  for (auto& value : g.values) value.kind = graph::ValueKind::computed;
  std::vector<bool> made(program.buffers.size());
  for (std::size_t d = 0; d < program.dispatches.size(); ++d) {
    graph::Node node{graph::Op::add, {}, graph::ValueId(program.buffers.size() + d), {}};
    for (const Binding& binding : program.dispatches[d].bindings) {
      const auto id = std::size_t(binding.operand.buffer);
      if (!made[id]) g.nodes.push_back({graph::Op::add, {}, graph::ValueId(id), {}});
      made[id] = true;
      node.inputs.push_back(graph::ValueId(id));
    }
    g.nodes.push_back(std::move(node));
  }
  return g;
}

}  // namespace

ArenaPlan plan_arenas(const Program& program, VkDeviceSize alignment, VkDeviceSize limit) {
  const graph::Graph graph = lifetimes(program);
  const std::size_t count = program.buffers.size();
  std::vector<std::size_t> largest_first;
  for (std::size_t i = 0; i < count; ++i) {
    if (program.buffers[i].kind != ProgramBuffer::Kind::arena) continue;
    largest_first.push_back(i);
    if (program.buffers[i].bytes <= limit) continue;
    throw graph::DeviceError(graph::DeviceError::Kind::out_of_memory,
                             "[vulkan] expected values of at most " + std::to_string(limit >> 20) +
                                 " MiB (one allocation), got " + std::to_string(program.buffers[i].bytes >> 20) + " MiB");
  }
  std::ranges::stable_sort(largest_first, std::ranges::greater{},
                           [&](std::size_t i) { return program.buffers[i].bytes; });

  // Dealt out in turns, largest first, to more and more arenas until each is small enough; with one buffer in each it
  // surely is.
  ArenaPlan plan;
  plan.places.resize(count);
  if (largest_first.empty()) return plan;
  for (std::size_t arenas = 1;; ++arenas) {
    for (std::size_t i = 0; i < largest_first.size(); ++i) plan.places[largest_first[i]].arena = i % arenas;
    plan.arenas.clear();
    for (std::size_t a = 0; a < arenas; ++a) {
      const auto in_this = [&](std::size_t i) {
        return i < count && program.buffers[i].kind == ProgramBuffer::Kind::arena && plan.places[i].arena == a;
      };
      const graph::MemoryPlan part = graph::plan_memory(
          graph,
          [&](const graph::Graph&, graph::ValueId id) -> std::size_t {
            return in_this(std::size_t(id)) ? std::size_t(program.buffers[std::size_t(id)].bytes) : 0;
          },
          std::size_t(alignment));
      for (std::size_t i = 0; i < count; ++i) {
        if (in_this(i)) plan.places[i].offset = part.offsets[i] == graph::MemoryPlan::kNone ? 0 : part.offsets[i];
      }
      plan.arenas.push_back(part.arena_bytes);
    }
    if (arenas >= largest_first.size() || std::ranges::all_of(plan.arenas, [&](VkDeviceSize b) { return b <= limit; })) {
      return plan;
    }
  }
}

}  // namespace lacuna::vulkan
