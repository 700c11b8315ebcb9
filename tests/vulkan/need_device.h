#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "fusion/graph/executor.h"
#include "runtime/vulkan/devices.h"

namespace lacuna::vulkan {

/// Why no Vulkan device of this machine can be used; empty where one can.
inline std::string why_no_device() {
  try {
    for (const DeviceInfo& device : list_devices()) {
      if (device.missing.empty()) return {};
    }
    return "no usable Vulkan device on this machine";
  } catch (const graph::DeviceError& error) {
    return error.what();
  }
}

}  // namespace lacuna::vulkan

/// Leaves the test visibly out where there is no device, or fails it where LACUNA_REQUIRE_VULKAN says there must be one.
#define LACUNA_NEED_VULKAN_DEVICE()                                                          \
  if (const std::string why = lacuna::vulkan::why_no_device(); !why.empty()) {               \
    if (std::getenv("LACUNA_REQUIRE_VULKAN") != nullptr) FAIL() << why;                      \
    GTEST_SKIP() << why;                                                                     \
  }                                                                                          \
  static_assert(true)
