#pragma once

#include <volk.h>

/// The Vulkan API as this folder sees it: through volk, with one function table for each device.
namespace lacuna::vulkan {

/// Throws graph::DeviceError for a result that is an error: out_of_memory, lost, or unsupported with the name of
/// `call`. VK_TIMEOUT counts as a lost device.
void check(VkResult result, const char* call);

/// "VK_ERROR_DEVICE_LOST", ...
const char* name_of(VkResult result);

}  // namespace lacuna::vulkan
