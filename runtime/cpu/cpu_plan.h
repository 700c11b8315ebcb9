#pragma once

#include "fusion/graph/executor.h"
#include "runtime/cpu/graph_compiler.h"

namespace lacuna::cpu {

/// A Program with its memory.
class CpuPlan final : public graph::Plan {
 public:
  /// Plans the arena, takes all memory and runs the preparation steps.
  CpuPlan(const graph::Graph& graph, Program program, const Machine& machine);

  void run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) override;
  std::size_t scratch_bytes() const override { return arena_.size(); }

 private:
  struct Signature {
    std::string name;
    graph::DType dtype;
    graph::Shape shape;
  };
  void prepare_fixed();
  void place_arena();

  Program program_;
  std::vector<Signature> inputs_, outputs_;
  std::vector<AlignedBytes> fixed_;
  AlignedBytes arena_;
  RunContext context_;
};

}  // namespace lacuna::cpu
