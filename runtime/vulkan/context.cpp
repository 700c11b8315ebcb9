#include "runtime/vulkan/context.h"

#include "runtime/vulkan/describe_device.h"
#include "runtime/vulkan/devices.h"

namespace lacuna::vulkan {
namespace {

std::vector<DeviceInfo> describe_all(const Instance& instance) {
  std::vector<DeviceInfo> devices;
  for (VkPhysicalDevice device : instance.physical_devices()) devices.push_back(describe(device, int(devices.size())));
  return devices;
}

/// The constructor's arguments of Device from the wanted index.
struct Choice {
  VkPhysicalDevice physical;
  int index;
  Choice(const Instance& instance, int wanted) : index(choose_device(describe_all(instance), wanted)) {
    physical = instance.physical_devices().at(std::size_t(index));
  }
};

const VulkanOptions& validated(const VulkanOptions& options) {
  options.validate();
  return options;
}

}  // namespace

std::vector<DeviceInfo> list_devices() { return describe_all(Instance({})); }

Context::Context(const VulkanOptions& given)
    : options(validated(given)),
      instance(options),
      device([&]() -> Device {
        const Choice choice(instance, options.device);
        return Device(instance, choice.physical, choice.index, options);
      }()),
      memory(device),
      queue(device),
      pipelines(device, options.pipeline_cache),
      kernels(choose_kernels(device.info(), options)) {}

}  // namespace lacuna::vulkan
