#pragma once

#include <memory>

#include "fusion/graph/executor.h"
#include "runtime/vulkan/device_features.h"
#include "runtime/vulkan/kernel_choice.h"
#include "runtime/vulkan/options.h"
#include "runtime/vulkan/traffic.h"

namespace lacuna::vulkan {

/// The engine for GPUs and software Vulkan. A graph is recorded into command buffers once and replayed; weights are
/// uploaded once for each source and name.
class VulkanExecutor final : public graph::Executor {
 public:
  /// Throws std::invalid_argument for options that make no sense, graph::DeviceError without a usable device.
  explicit VulkanExecutor(const VulkanOptions& options = {});
  ~VulkanExecutor() override;

  std::string name() const override { return "vulkan"; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;

  const DeviceInfo& device() const;
  /// Which kernels compute what, and another choice for the plans that are prepared from now on.
  const KernelChoice& kernels() const;
  void use(const KernelChoice& kernels);
  /// What large products are computed in: what was asked for where there are kernels for it, else f32. Never automatic.
  Precision precision() const;
  /// The validation layer is there and checks every call.
  bool validates() const;
  /// Bytes of device memory that this executor and its plans hold.
  std::uint64_t memory_bytes() const;
  /// Compiled kernels, for VulkanOptions::pipeline_cache. Throws graph::DeviceError.
  std::vector<std::byte> pipeline_cache() const;
  /// Kernels compiled so far, and the seconds that took.
  std::size_t pipelines() const;
  double pipeline_seconds() const;
  Traffic traffic() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace lacuna::vulkan
