#include "runtime/vulkan/vulkan_executor.h"

#include <stdexcept>

#include "fusion/graph/lower.h"
#include "runtime/vulkan/ops/op_table.h"
#include "runtime/vulkan/vulkan_plan.h"

namespace lacuna::vulkan {

struct VulkanExecutor::Shared {
  Context context;
  WeightStore weights;

  explicit Shared(const VulkanOptions& options) : context(options), weights(context) {}
};

VulkanExecutor::VulkanExecutor(const VulkanOptions& options) : shared_(std::make_unique<Shared>(options)) {}

VulkanExecutor::~VulkanExecutor() = default;

std::unique_ptr<graph::Plan> VulkanExecutor::prepare(const graph::Graph& graph,
                                                     std::shared_ptr<const graph::WeightSource> weights) {
  if (!weights) throw std::invalid_argument("[vulkan] expected a source of weights, got none");
  const KernelChoice& kernels = shared_->context.kernels;
  const graph::Graph lowered = graph::lower(
      graph, [&](const graph::Graph& g, const graph::Node& node) { return claims(g, node, kernels); });
  GraphCompiler compiler(lowered, shared_->context, shared_->weights, std::move(weights));
  return std::make_unique<VulkanPlan>(lowered, compiler.compile(), shared_->context);
}

const DeviceInfo& VulkanExecutor::device() const { return shared_->context.device.info(); }
const KernelChoice& VulkanExecutor::kernels() const { return shared_->context.kernels; }
void VulkanExecutor::use(const KernelChoice& kernels) { shared_->context.kernels = kernels; }
Precision VulkanExecutor::precision() const {
  const Precision wanted = shared_->context.options.precision;
  if (wanted == Precision::int8 && kernels().codes != CodesKernel::none) return Precision::int8;
  if (wanted == Precision::bf16 && kernels().halves != HalvesKernel::none) return Precision::bf16;
  return Precision::f32;
}
bool VulkanExecutor::validates() const { return shared_->context.instance.validates(); }
std::uint64_t VulkanExecutor::memory_bytes() const { return shared_->context.memory.taken(); }
std::vector<std::byte> VulkanExecutor::pipeline_cache() const { return shared_->context.pipelines.data(); }
std::size_t VulkanExecutor::pipelines() const { return shared_->context.pipelines.count(); }
Traffic VulkanExecutor::traffic() const {
  const std::scoped_lock lock(shared_->context.traffic_mutex);
  return shared_->context.traffic;
}
double VulkanExecutor::pipeline_seconds() const { return shared_->context.pipelines.seconds(); }

}  // namespace lacuna::vulkan
