#include "runtime/vulkan/describe_device.h"

#include <algorithm>

#include "runtime/vulkan/cooperative_matrix.h"

namespace lacuna::vulkan {
namespace {

constexpr std::uint64_t kLargestAllocation = std::uint64_t{1} << 30;

DeviceType type_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return DeviceType::discrete;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return DeviceType::integrated;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return DeviceType::virtual_gpu;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return DeviceType::cpu;
    default:
      return DeviceType::other;
  }
}

bool contains(const std::vector<std::string>& names, const char* name) {
  return std::ranges::find(names, name) != names.end();
}

void read_features(VkPhysicalDevice device, const std::vector<std::string>& extensions, std::uint32_t version,
                   DeviceFeatures& f) {
  VkPhysicalDeviceFeatures2 all{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDeviceVulkan11Features v11{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES};
  VkPhysicalDeviceVulkan12Features v12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
  VkPhysicalDeviceSubgroupSizeControlFeatures sizes{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
  VkPhysicalDeviceShaderIntegerDotProductFeatures dot{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES};
  CooperativeMatrixFeaturesKhr khr;
  VkPhysicalDeviceCooperativeMatrixFeaturesNV nv{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV};
  all.pNext = &v11;
  v11.pNext = &v12;
  void** tail = &v12.pNext;
  const bool has_sizes = version >= VK_API_VERSION_1_3 || contains(extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);
  const bool has_dot = contains(extensions, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);  // the instance asks for 1.2
  if (has_sizes) {
    *tail = &sizes;
    tail = &sizes.pNext;
  }
  if (has_dot) {
    *tail = &dot;
    tail = &dot.pNext;
  }
  const bool has_khr = contains(extensions, kCooperativeMatrixKhr), has_nv = contains(extensions, kCooperativeMatrixNv);
  if (has_khr) {
    *tail = &khr;
    tail = &khr.next;
  }
  if (has_nv) *tail = &nv;
  vkGetPhysicalDeviceFeatures2(device, &all);
  f.storage_16bit = v11.storageBuffer16BitAccess != 0;
  f.storage_8bit = v12.storageBuffer8BitAccess != 0;
  f.float16 = v12.shaderFloat16 != 0;
  f.int8 = v12.shaderInt8 != 0;
  f.int16 = all.features.shaderInt16 != 0;
  f.float64 = all.features.shaderFloat64 != 0;
  f.memory_model = v12.vulkanMemoryModel != 0;
  f.subgroup_size_control = has_sizes && sizes.subgroupSizeControl && sizes.computeFullSubgroups;
  f.integer_dot_product = has_dot && dot.shaderIntegerDotProduct;
  f.cooperative_matrix_khr = has_khr && khr.matrices;
  f.cooperative_matrix_nv = has_nv && nv.cooperativeMatrix;
  f.cooperative_matrix_nv2 = contains(extensions, "VK_NV_cooperative_matrix2");
}

void read_limits(VkPhysicalDevice device, DeviceInfo& info, const std::vector<std::string>& extensions,
                 std::uint32_t version) {
  VkPhysicalDeviceProperties2 all{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
  VkPhysicalDeviceVulkan11Properties v11{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES};
  VkPhysicalDeviceVulkan12Properties v12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES};
  VkPhysicalDeviceSubgroupSizeControlProperties sizes{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
  VkPhysicalDeviceShaderIntegerDotProductProperties dot{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES};
  all.pNext = &v11;
  v11.pNext = &v12;
  void** tail = &v12.pNext;
  if (info.features.subgroup_size_control) {
    *tail = &sizes;
    tail = &sizes.pNext;
  }
  if (info.features.integer_dot_product) *tail = &dot;
  vkGetPhysicalDeviceProperties2(device, &all);

  info.features.fast_dot_product = dot.integerDotProduct4x8BitPackedSignedAccelerated != 0;
  const VkPhysicalDeviceLimits& l = all.properties.limits;
  DeviceLimits& limits = info.limits;
  limits.storage_range = l.maxStorageBufferRange;
  limits.allocation = std::min(kLargestAllocation, std::uint64_t(v11.maxMemoryAllocationSize));
  limits.texel_elements = l.maxTexelBufferElements;
  limits.shared_memory = l.maxComputeSharedMemorySize;
  limits.invocations = l.maxComputeWorkGroupInvocations;
  limits.subgroup_size = limits.subgroup_min = limits.subgroup_max = v11.subgroupSize;
  if (info.features.subgroup_size_control) {
    limits.subgroup_min = sizes.minSubgroupSize;
    limits.subgroup_max = sizes.maxSubgroupSize;
  }
  limits.alignment = std::uint32_t(std::max<VkDeviceSize>(
      {256, l.minStorageBufferOffsetAlignment, l.minTexelBufferOffsetAlignment}));
  limits.timestamp_period = double(l.timestampPeriod);

  const bool in_compute = (v11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
  const auto supports = [&](VkSubgroupFeatureFlagBits bit) {
    return in_compute && (v11.subgroupSupportedOperations & bit) != 0;
  };
  info.features.subgroup_arithmetic = supports(VK_SUBGROUP_FEATURE_ARITHMETIC_BIT);
  info.features.subgroup_shuffle = supports(VK_SUBGROUP_FEATURE_SHUFFLE_BIT);
  info.features.subgroup_ballot = supports(VK_SUBGROUP_FEATURE_BALLOT_BIT);

  info.name = all.properties.deviceName;
  info.driver = std::string(v12.driverName) + " " + v12.driverInfo;
  info.type = type_of(all.properties.deviceType);
  info.vendor_id = all.properties.vendorID;
  info.device_id = all.properties.deviceID;
  info.driver_version = all.properties.driverVersion;
  (void)extensions;
  (void)version;
}

void read_matrices(VkPhysicalDevice device, DeviceInfo& info) {
  using enum CooperativeMatrix::Dialect;
  std::optional<CooperativeMatrix> found;
  if (info.features.cooperative_matrix_khr) found = cooperative_matrix_of(device, khr);
  if (!found && info.features.cooperative_matrix_nv) found = cooperative_matrix_of(device, nv);
  if (found) info.cooperative = *found;
}

void read_heaps(VkPhysicalDevice device, const std::vector<std::string>& extensions, DeviceInfo& info) {
  VkPhysicalDeviceMemoryProperties2 memory{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  const bool has_budget = contains(extensions, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  if (has_budget) memory.pNext = &budget;
  vkGetPhysicalDeviceMemoryProperties2(device, &memory);
  for (std::uint32_t i = 0; i < memory.memoryProperties.memoryHeapCount; ++i) {
    const VkMemoryHeap& heap = memory.memoryProperties.memoryHeaps[i];
    HeapInfo h{heap.size, heap.size, (heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0};
    if (has_budget) h.free = budget.heapBudget[i] - std::min(budget.heapBudget[i], budget.heapUsage[i]);
    info.heaps.push_back(h);
  }
}

}  // namespace

const char* name_of(DeviceType type) {
  switch (type) {
    case DeviceType::discrete:
      return "discrete GPU";
    case DeviceType::integrated:
      return "integrated GPU";
    case DeviceType::virtual_gpu:
      return "virtual GPU";
    case DeviceType::cpu:
      return "software";
    case DeviceType::other:
      break;
  }
  return "other";
}

std::vector<std::string> extensions_of(VkPhysicalDevice device) {
  std::uint32_t count = 0;
  check(vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr), "vkEnumerateDeviceExtensionProperties");
  std::vector<VkExtensionProperties> all(count);
  check(vkEnumerateDeviceExtensionProperties(device, nullptr, &count, all.data()), "vkEnumerateDeviceExtensionProperties");
  std::vector<std::string> names;
  for (const auto& extension : all) names.emplace_back(extension.extensionName);
  return names;
}

int compute_family(VkPhysicalDevice device) {
  std::uint32_t count = 0;
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
  int any = -1;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (families[i].queueCount == 0 || (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) continue;
    if ((families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT) == 0) return int(i);
    if (any < 0) any = int(i);
  }
  return any;
}

DeviceInfo describe(VkPhysicalDevice device, int index) {
  DeviceInfo info;
  info.index = index;
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(device, &properties);
  const std::uint32_t version = properties.apiVersion;
  info.name = properties.deviceName;
  info.type = type_of(properties.deviceType);
  info.api_version = std::to_string(VK_API_VERSION_MAJOR(version)) + "." + std::to_string(VK_API_VERSION_MINOR(version)) +
                     "." + std::to_string(VK_API_VERSION_PATCH(version));
  if (version < VK_API_VERSION_1_2) {
    info.missing = "Vulkan 1.2 (the driver has " + info.api_version + ")";
    return info;
  }
  const int family = compute_family(device);
  if (family < 0) info.missing = "a queue that computes";
  const auto extensions = extensions_of(device);
  read_features(device, extensions, version, info.features);
  read_limits(device, info, extensions, version);
  read_matrices(device, info);
  read_heaps(device, extensions, info);
  if (family >= 0) {
    std::uint32_t count = std::uint32_t(family) + 1;
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(device, &count, families.data());
    info.limits.timestamp_bits = families[std::size_t(family)].timestampValidBits;
  }
  return info;
}

}  // namespace lacuna::vulkan
