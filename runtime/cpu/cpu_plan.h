#pragma once

#include "fusion/graph/executor.h"
#include "fusion/graph/signature.h"
#include "runtime/cpu/graph_compiler.h"

namespace lacuna::cpu {

/// A Program with its memory. The arena of computed values is lent by the executor for each run, so that plans of many
/// sizes cost what the largest one needs.
class CpuPlan final : public graph::Plan {
 public:
  /// Plans the arena, makes sure that there is memory for it and runs the preparation steps.
  CpuPlan(const graph::Graph& graph, Program program, const Machine& machine);

  void run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) override;
  std::size_t scratch_bytes() const override { return arena_bytes_; }

 private:
  void prepare_fixed();
  void place_arena();

  Program program_;
  graph::Signature signature_;
  std::vector<AlignedBytes> fixed_;
  std::shared_ptr<ScratchPool> scratch_;
  std::size_t arena_bytes_ = 0;
  std::vector<std::size_t> offsets_;  // of buffers in the arena
  RunContext context_;
};

}  // namespace lacuna::cpu
