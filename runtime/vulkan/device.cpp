#include "runtime/vulkan/device.h"

#include <algorithm>

#include "fusion/graph/executor.h"
#include "runtime/vulkan/cooperative_matrix.h"
#include "runtime/vulkan/describe_device.h"

namespace lacuna::vulkan {
namespace {

[[noreturn]] void unsupported(const std::string& message) {
  throw graph::DeviceError(graph::DeviceError::Kind::unsupported, "[vulkan] " + message);
}

bool shares_memory_with_host(VkPhysicalDevice device, DeviceType type) {
  if (type != DeviceType::integrated && type != DeviceType::cpu) return false;
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(device, &memory);
  constexpr VkMemoryPropertyFlags kWanted = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                            VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  return std::any_of(memory.memoryTypes, memory.memoryTypes + memory.memoryTypeCount,
                     [&](const VkMemoryType& t) { return (t.propertyFlags & kWanted) == kWanted; });
}

/// Makes an entry of the table do nothing.
template <typename Result, typename... Arguments>
void silence(Result (*&entry)(Arguments...)) {
  entry = [](Arguments...) { return Result(); };
}

std::string list_of(const std::vector<DeviceInfo>& devices) {
  std::string list;
  for (const DeviceInfo& d : devices) {
    list += "\n  " + std::to_string(d.index) + ": " + d.name + " (" + name_of(d.type) + ", Vulkan " + d.api_version + ")";
    if (!d.missing.empty()) list += ", lacks " + d.missing;
  }
  return list;
}

}  // namespace

int choose_device(const std::vector<DeviceInfo>& devices, int wanted) {
  if (devices.empty()) unsupported("no driver offers a Vulkan device on this machine");
  if (wanted >= 0) {
    if (std::size_t(wanted) >= devices.size()) {
      unsupported("there is no device " + std::to_string(wanted) + "; there are:" + list_of(devices));
    }
    const DeviceInfo& d = devices[std::size_t(wanted)];
    if (!d.missing.empty()) unsupported("the device " + d.name + " lacks " + d.missing);
    return wanted;
  }
  const DeviceInfo* best = nullptr;
  for (const DeviceInfo& d : devices) {
    if (d.missing.empty() && (best == nullptr || d.type < best->type)) best = &d;
  }
  if (best == nullptr) unsupported("no device has what is needed:" + list_of(devices));
  return best->index;
}

Device::Device(const Instance& instance, VkPhysicalDevice physical, int index, const VulkanOptions& options)
    : instance_(instance), physical_(physical), info_(describe(physical, index)) {
  if (options.restrict_device) options.restrict_device(info_);
  if (!info_.missing.empty()) unsupported("the device " + info_.name + " lacks " + info_.missing);
  family_ = std::uint32_t(compute_family(physical));
  const float priority = 1.0f;
  VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueFamilyIndex = family_;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;

  const DeviceFeatures& f = info_.features;
  VkPhysicalDeviceFeatures2 all{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDeviceVulkan11Features v11{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
  VkPhysicalDeviceVulkan12Features v12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceSubgroupSizeControlFeatures sizes{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
  VkPhysicalDeviceShaderIntegerDotProductFeatures dot{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES};
  CooperativeMatrixFeaturesKhr khr;
  VkPhysicalDeviceCooperativeMatrixFeaturesNV nv{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV};
  all.features.shaderInt16 = f.int16;
  all.features.shaderFloat64 = f.float64;
  v11.storageBuffer16BitAccess = f.storage_16bit;
  v12.storageBuffer8BitAccess = f.storage_8bit;
  v12.shaderFloat16 = f.float16;
  v12.shaderInt8 = f.int8;
  v12.vulkanMemoryModel = f.memory_model;
  sizes.subgroupSizeControl = sizes.computeFullSubgroups = VK_TRUE;
  dot.shaderIntegerDotProduct = VK_TRUE;
  khr.matrices = VK_TRUE;
  nv.cooperativeMatrix = VK_TRUE;
  all.pNext = &v11;
  v11.pNext = &v12;
  void** tail = &v12.pNext;

  const auto offered = extensions_of(physical);
  std::vector<const char*> extensions;
  const auto enable = [&](const char* name) {
    if (std::ranges::find(offered, name) != offered.end()) extensions.push_back(name);
  };
  if (f.subgroup_size_control) {
    enable(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);  // by name: the instance asks for Vulkan 1.2
    *tail = &sizes;
    tail = &sizes.pNext;
  }
  if (f.integer_dot_product) {
    enable(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
    *tail = &dot;
    tail = &dot.pNext;
  }

  if (info_.cooperative.dialect == CooperativeMatrix::Dialect::khr) {
    enable(kCooperativeMatrixKhr);
    *tail = &khr;
  } else if (info_.cooperative.dialect == CooperativeMatrix::Dialect::nv) {
    enable(kCooperativeMatrixNv);
    *tail = &nv;
  }

  VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
  info.pNext = &all;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = std::uint32_t(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  open(info, options);
  always_stages_ = options.transfer == Transfer::staged;
  shares_memory_ = options.transfer == Transfer::automatic && shares_memory_with_host(physical, info_.type);
}

void Device::open(const VkDeviceCreateInfo& info, const VulkanOptions& options) {
  check(vkCreateDevice(physical_, &info, nullptr, &handle_), "vkCreateDevice");
  volkLoadDeviceTable(&vk_, handle_);
  const PFN_vkDestroyDevice destroy = vk_.vkDestroyDevice;
  try {
    if (options.patch) options.patch(vk_);
    vk_.vkGetDeviceQueue(handle_, family_, 0, &queue_);
  } catch (...) {
    destroy(handle_, nullptr);
    throw;
  }
}

void Device::give_up() const noexcept {
  silence(vk_.vkDeviceWaitIdle);
  silence(vk_.vkFreeMemory);
  silence(vk_.vkDestroyBuffer);
  silence(vk_.vkDestroyBufferView);
  silence(vk_.vkDestroyCommandPool);
  silence(vk_.vkDestroyDescriptorPool);
  silence(vk_.vkDestroyDescriptorSetLayout);
  silence(vk_.vkDestroyDevice);
  silence(vk_.vkDestroyFence);
  silence(vk_.vkDestroyPipeline);
  silence(vk_.vkDestroyPipelineCache);
  silence(vk_.vkDestroyPipelineLayout);
  silence(vk_.vkDestroyQueryPool);
  silence(vk_.vkDestroyShaderModule);
  instance_.keep();
}

Device::~Device() {
  vk_.vkDeviceWaitIdle(handle_);
  vk_.vkDestroyDevice(handle_, nullptr);
}

}  // namespace lacuna::vulkan
