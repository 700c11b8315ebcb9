#pragma once

#include <vector>

#include "runtime/vulkan/api.h"
#include "runtime/vulkan/options.h"

namespace lacuna::vulkan {

/// A VkInstance of Vulkan 1.2 or newer, with the validation layer where it was asked for and is installed.
class Instance {
 public:
  /// Throws graph::DeviceError (unsupported) without a Vulkan loader, a driver or Vulkan 1.2.
  explicit Instance(const VulkanOptions& options);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  VkInstance handle() const { return handle_; }
  bool validates() const { return validates_; }
  /// The instance stays when this object goes, for a device that can not be destroyed.
  void keep() const noexcept { kept_ = true; }
  /// In the order of the loader.
  std::vector<VkPhysicalDevice> physical_devices() const;

 private:
  std::function<void(const std::string&)> on_message_;
  VkInstance handle_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  bool validates_ = false;
  mutable bool kept_ = false;
};

}  // namespace lacuna::vulkan
