#include "runtime/cpu/cpu_executor.h"

#include <omp.h>

#include <algorithm>
#include <stdexcept>

#include "fusion/graph/lower.h"
#include "runtime/cpu/cpu_plan.h"
#include "runtime/cpu/ops/op_table.h"

namespace lacuna::cpu {

void CpuOptions::validate() const {
  if (threads < 0) throw std::invalid_argument("[cpu] expected threads >= 0, got " + std::to_string(threads));
}

struct CpuExecutor::Shared {
  Machine machine;
  WeightStore weights;

  Shared(const Machine& machine, std::size_t streamed_bytes)
      : machine(machine), weights(machine.features, machine.kernels, *machine.workers, streamed_bytes) {}
};

CpuExecutor::CpuExecutor(const CpuOptions& options) {
  options.validate();
  Machine machine;
  machine.features = common(detect_cpu_features(), options.allowed);
  machine.kernels = kernels_for(machine.features);
  machine.precision = usable_precision(options.precision, machine.features);
  machine.threads = options.threads > 0 ? options.threads : std::max(1, omp_get_max_threads());
  machine.workers = std::make_shared<WorkerPool>(machine.threads, options.stop);
  machine.scratch = std::make_shared<ScratchPool>();
  shared_ = std::make_unique<Shared>(machine, options.streamed_bytes);
}

CpuExecutor::~CpuExecutor() = default;

std::unique_ptr<graph::Plan> CpuExecutor::prepare(const graph::Graph& graph,
                                                  std::shared_ptr<const graph::WeightSource> weights) {
  if (!weights) throw std::invalid_argument("[cpu] expected a source of weights, got none");
  const graph::Graph lowered = graph::lower(graph, claims);
  try {
    GraphCompiler compiler(lowered, shared_->machine, shared_->weights, std::move(weights));
    return std::make_unique<CpuPlan>(lowered, compiler.compile(), shared_->machine);
  } catch (const dnnl::error& error) {
    const auto kind = error.status == dnnl_out_of_memory ? graph::DeviceError::Kind::out_of_memory
                                                         : graph::DeviceError::Kind::unsupported;
    throw graph::DeviceError(kind, std::string("[cpu] oneDNN: ") + error.what());
  }
}

Precision CpuExecutor::precision() const { return shared_->machine.precision; }
int CpuExecutor::threads() const { return shared_->machine.threads; }

std::string_view name_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
    case Precision::automatic:
      break;
  }
  return "auto";
}

}  // namespace lacuna::cpu
