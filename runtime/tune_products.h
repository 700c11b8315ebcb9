#pragma once

#include "runtime/vulkan/vulkan_executor.h"

namespace lacuna::runtime {

/// What tune_products() found out and how long it took.
struct Tuning {
  vulkan::KernelChoice kernels;
  double seconds = 0.0;
  int measured = 0;  // kernels that were timed, each at one size
};

/// Times products of 64, 256 and 1024 rows with each kind of tile that the device can run, and with texels where it has
/// them, and gives the engine's kernels with the fastest of these. Where the engine multiplies cooperative matrices, both
/// sizes of their tiles are timed first, beside float16 tiles. Stops when `budget` seconds are spent besides those that
/// pipelines take to compile; what was not measured by then stays as it is. Kernels that the engine does not use in the first place are not tried: products
/// without tiles are left alone. The engine's kernels are the same afterwards. Throws graph::DeviceError.
Tuning tune_products(vulkan::VulkanExecutor& engine, double budget);

}  // namespace lacuna::runtime
