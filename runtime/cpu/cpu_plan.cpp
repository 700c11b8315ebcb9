#include "runtime/cpu/cpu_plan.h"

#include "fusion/graph/memory_plan.h"

namespace lacuna::cpu {
namespace {

/// The steps as a graph for the planner: an empty node makes each buffer where it is first written, then the step
/// reads all it touches, so that results and scratch of one step never share memory.
graph::Graph lifetimes(const Program& program) {
  graph::Graph g;
  g.values.resize(program.buffers.size() + program.steps.size());
  for (auto& value : g.values) value.kind = graph::ValueKind::computed;
  std::vector<bool> made(program.buffers.size());
  for (std::size_t s = 0; s < program.steps.size(); ++s) {
    const Step& step = program.steps[s];
    for (BufferId id : step.writes) {
      if (made[std::size_t(id)]) continue;
      made[std::size_t(id)] = true;
      g.nodes.push_back({graph::Op::add, {}, id, {}});
    }
    graph::Node node{graph::Op::add, step.reads, graph::ValueId(program.buffers.size() + s), {}};
    node.inputs.insert(node.inputs.end(), step.writes.begin(), step.writes.end());
    g.nodes.push_back(std::move(node));
  }
  return g;
}

}  // namespace

CpuPlan::CpuPlan(const graph::Graph& graph, Program program, const Machine& machine)
    : program_(std::move(program)),
      signature_(graph),
      scratch_(machine.scratch),
      context_(machine.kernels, *machine.workers, std::vector<std::byte*>(program_.buffers.size(), nullptr)) {
  prepare_fixed();
  place_arena();
}

void CpuPlan::prepare_fixed() {
  std::vector<bool> kept(program_.buffers.size());
  for (const Step& step : program_.steps) {
    for (BufferId id : step.reads) kept[std::size_t(id)] = true;
  }
  std::vector<AlignedBytes> passing;  // scratch of the preparation
  for (std::size_t i = 0; i < program_.buffers.size(); ++i) {
    const Buffer& buffer = program_.buffers[i];
    if (buffer.kind != Buffer::Kind::fixed) continue;
    if (buffer.data != nullptr) {
      context_.addresses[i] = const_cast<std::byte*>(buffer.data);
      continue;
    }
    auto& memory = kept[i] ? fixed_ : passing;
    context_.addresses[i] = memory.emplace_back(buffer.bytes).data();
  }
  for (const Step& step : program_.preparation) step.run(context_);
  program_.preparation.clear();
}

void CpuPlan::place_arena() {
  graph::MemoryPlan plan = graph::plan_memory(lifetimes(program_), [&](const graph::Graph&, graph::ValueId id) {
    const auto i = std::size_t(id);
    const bool in_arena = i < program_.buffers.size() && program_.buffers[i].kind == Buffer::Kind::arena;
    return in_arena ? program_.buffers[i].bytes : 0;
  });
  arena_bytes_ = plan.arena_bytes;
  offsets_ = std::move(plan.offsets);
  const ScratchPool::Loan try_now(*scratch_, arena_bytes_);
}

void CpuPlan::run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) {
  signature_.check(inputs, outputs);
  const ScratchPool::Loan arena(*scratch_, arena_bytes_);
  for (std::size_t i = 0; i < program_.buffers.size(); ++i) {
    const Buffer& buffer = program_.buffers[i];
    if (buffer.kind == Buffer::Kind::arena) {
      context_.addresses[i] = arena.data() + offsets_[i];
    } else if (buffer.kind == Buffer::Kind::input) {
      context_.addresses[i] = const_cast<std::byte*>(inputs[buffer.position].bytes().data());
    } else if (buffer.kind == Buffer::Kind::output) {
      context_.addresses[i] = outputs[buffer.position].bytes().data();
    }
  }
  for (const Step& step : program_.steps) step.run(context_);
}

}  // namespace lacuna::cpu
