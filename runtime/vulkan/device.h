#pragma once

#include "runtime/vulkan/api.h"
#include "runtime/vulkan/device_features.h"
#include "runtime/vulkan/instance.h"

namespace lacuna::vulkan {

/// An open device with one compute queue. Every call to the device goes through vk(), a table of its own.
class Device {
 public:
  /// Throws graph::DeviceError (unsupported) naming what the device lacks.
  Device(const Instance& instance, VkPhysicalDevice physical, int index, const VulkanOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const VolkDeviceTable& vk() const { return vk_; }
  VkDevice handle() const { return handle_; }
  VkPhysicalDevice physical() const { return physical_; }
  VkQueue queue() const { return queue_; }
  std::uint32_t queue_family() const { return family_; }
  const DeviceInfo& info() const { return info_; }
  const DeviceFeatures& features() const { return info_.features; }
  const DeviceLimits& limits() const { return info_.limits; }
  /// The processor can write the device's memory as fast as its own, so nothing is staged.
  bool shares_memory() const { return shares_memory_; }
  /// Transfer::staged: memory for kernels is never written by the host, even where it could.
  bool always_stages() const { return always_stages_; }
  /// After work that never ended: from now on nothing of this device is waited for, freed or destroyed, because
  /// waiting may take for ever and the device may still be using it. Its memory is given up until the process ends.
  void give_up() const noexcept;

 private:
  void open(const VkDeviceCreateInfo& info, const VulkanOptions& options);

  const Instance& instance_;
  VkPhysicalDevice physical_;
  DeviceInfo info_;
  VkDevice handle_ = VK_NULL_HANDLE;
  mutable VolkDeviceTable vk_{};  // give_up() empties it
  VkQueue queue_ = VK_NULL_HANDLE;
  std::uint32_t family_ = 0;
  bool shares_memory_ = false;
  bool always_stages_ = false;
};

/// The device of `options`: by index, else the first of the fastest kind that this engine runs on. Throws
/// graph::DeviceError (unsupported) listing what is there.
int choose_device(const std::vector<DeviceInfo>& devices, int wanted);

}  // namespace lacuna::vulkan
