#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/vulkan/api.h"
#include "runtime/vulkan/device_features.h"

namespace lacuna::vulkan {

/// Everything that is known of a device without opening it.
DeviceInfo describe(VkPhysicalDevice device, int index);

/// Names of the extensions that a device offers.
std::vector<std::string> extensions_of(VkPhysicalDevice device);

/// The family that computes, one without graphics preferred; -1 = none.
int compute_family(VkPhysicalDevice device);

}  // namespace lacuna::vulkan
