#pragma once

#include "runtime/vulkan/kernel_choice.h"
#include "runtime/vulkan/pipeline.h"
#include "runtime/vulkan/queue.h"
#include "runtime/vulkan/traffic.h"

namespace lacuna::vulkan {

/// An open device with what all plans share, in the order in which it must be made and destroyed.
struct Context {
  VulkanOptions options;
  Instance instance;
  Device device;
  MemoryPool memory;
  Queue queue;
  PipelineStore pipelines;
  KernelChoice kernels;
  std::mutex traffic_mutex;
  Traffic traffic;

  explicit Context(const VulkanOptions& options);
};

}  // namespace lacuna::vulkan
