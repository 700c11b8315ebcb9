#pragma once

#include <vector>

#include "runtime/vulkan/device_features.h"

namespace lacuna::vulkan {

/// Every device that the machine's Vulkan drivers offer, those that this engine can not use included (their
/// `missing` says why). Throws graph::DeviceError (unsupported) without a Vulkan loader.
std::vector<DeviceInfo> list_devices();

}  // namespace lacuna::vulkan
