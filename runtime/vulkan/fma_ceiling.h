#pragma once

#include <functional>

#include "runtime/vulkan/options.h"

namespace lacuna::vulkan {

/// Floating-point operations a second of f32 multiply-adds in registers, the best of a few short runs on the device of
/// `options`: what products are measured against. `now` gives seconds: of a wall clock, or of this process's processor time
/// for software Vulkan on a busy machine. Throws graph::DeviceError.
double measure_fma_ceiling(const VulkanOptions& options, const std::function<double()>& now);

}  // namespace lacuna::vulkan
