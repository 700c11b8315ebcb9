#include "runtime/listed_device.h"

#include <gtest/gtest.h>

#include "fusion/graph/executor.h"

namespace lacuna::runtime {
namespace {

std::vector<ListedDevice> machine() {
  std::vector<ListedDevice> devices(1);
  devices[0].id = devices[0].backend = devices[0].name = "cpu";
  const auto vulkan = [&](int index, const char* name, int rank, const char* missing) {
    ListedDevice device;
    device.id = "vulkan:" + std::to_string(index);
    device.backend = "vulkan";
    device.index = index;
    device.name = name;
    device.missing = missing;
    device.rank = rank;
    devices.push_back(device);
  };
  vulkan(0, "llvmpipe (LLVM 15.0.6, 256 bits)", 3, "");
  vulkan(1, "Intel(R) UHD Graphics 620", 1, "");
  vulkan(2, "NVIDIA GeForce RTX 3060", 0, "");
  vulkan(3, "NVIDIA GeForce GT 1030", 0, "Vulkan 1.2 (the driver has 1.1.0)");
  return devices;
}

std::string message_of(std::string_view wanted, const std::vector<ListedDevice>& devices = machine()) {
  try {
    find_device(wanted, devices);
  } catch (const graph::DeviceError& error) {
    EXPECT_EQ(error.kind(), graph::DeviceError::Kind::unsupported);
    return error.what();
  }
  ADD_FAILURE() << wanted << " was found";
  return {};
}

TEST(FindDevice, ByIdByBackendAndByPartOfItsName) {
  const auto devices = machine();
  EXPECT_EQ(find_device("cpu", devices).id, "cpu");
  EXPECT_EQ(find_device("vulkan:1", devices).id, "vulkan:1");
  EXPECT_EQ(find_device("uhd", devices).id, "vulkan:1");
  EXPECT_EQ(find_device("LLVMPIPE", devices).id, "vulkan:0");
  EXPECT_EQ(find_device("rtx 3060", devices).id, "vulkan:2");
}

TEST(FindDevice, ABackendIsItsFastestUsableDevice) { EXPECT_EQ(find_device("vulkan", machine()).id, "vulkan:2"); }

TEST(FindDevice, UnknownNamesListWhatIsThere) {
  for (const char* wanted : {"radeon", "vulkan:7", ""}) {
    const std::string message = message_of(wanted);
    for (const ListedDevice& device : machine()) EXPECT_NE(message.find(device.name), std::string::npos) << message;
  }
}

TEST(FindDevice, AmbiguousNamesListTheMatches) {
  const std::string message = message_of("geforce");
  EXPECT_NE(message.find("vulkan:2"), std::string::npos) << message;
  EXPECT_NE(message.find("vulkan:3"), std::string::npos) << message;
  EXPECT_EQ(message.find("vulkan:1"), std::string::npos) << message;
}

TEST(FindDevice, WhatADeviceLacksIsNamed) {
  EXPECT_NE(message_of("gt 1030").find("Vulkan 1.2"), std::string::npos);
  auto devices = machine();
  for (ListedDevice& device : devices) device.missing = "a queue that computes";
  EXPECT_NE(message_of("vulkan", devices).find("a queue that computes"), std::string::npos);
}

}  // namespace
}  // namespace lacuna::runtime
