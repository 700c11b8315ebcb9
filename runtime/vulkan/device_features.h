#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna::vulkan {

enum class DeviceType : std::uint8_t { discrete, integrated, virtual_gpu, cpu, other };

/// What a device offers beyond plain Vulkan 1.2 compute, found once. Kernels choose by this; all of it may be absent.
struct DeviceFeatures {
  bool storage_16bit = false;
  bool storage_8bit = false;
  bool float16 = false;  // arithmetic in shaders
  bool int8 = false;     // arithmetic in shaders
  bool int16 = false;
  bool float64 = false;
  bool subgroup_arithmetic = false;
  bool subgroup_shuffle = false;
  bool subgroup_ballot = false;
  bool subgroup_size_control = false;
  bool integer_dot_product = false;
  bool fast_dot_product = false;  // 4x8 bit packed, signed: faster than the same in other instructions
  bool cooperative_matrix_khr = false;
  bool cooperative_matrix_nv = false;
  bool cooperative_matrix_nv2 = false;
  bool memory_model = false;  // Vulkan memory model, which cooperative matrices want
};

/// The matrices m x k and k x n of f16 that a subgroup multiplies at once, with sums in f32.
struct CooperativeMatrix {
  enum class Dialect : std::uint8_t { none, nv, khr };  // the extension that offers them
  Dialect dialect = Dialect::none;
  std::uint32_t m = 0, n = 0, k = 0;
};

/// Sizes that a kernel or a plan must respect. Bytes unless said.
struct DeviceLimits {
  std::uint64_t storage_range = 0;   // of one storage binding
  std::uint64_t allocation = 0;      // of one memory allocation, never above 1 GiB
  std::uint64_t texel_elements = 0;  // of one texel buffer
  std::uint32_t shared_memory = 0;   // of one workgroup
  std::uint32_t invocations = 0;     // of one workgroup
  std::uint32_t subgroup_size = 1;
  std::uint32_t subgroup_min = 1;
  std::uint32_t subgroup_max = 1;
  std::uint32_t alignment = 256;      // of the offset of any binding
  double timestamp_period = 0.0;      // nanoseconds of a tick; 0 = no timestamps
  std::uint32_t timestamp_bits = 0;
};

struct HeapInfo {
  std::uint64_t bytes = 0;
  std::uint64_t free = 0;  // what the driver says is left (VK_EXT_memory_budget), else bytes
  bool device_local = false;
};

/// A device as a user sees it.
struct DeviceInfo {
  int index = 0;  // into list_devices()
  std::string name;
  std::string driver;
  std::string api_version;  // "1.3.230"
  DeviceType type = DeviceType::other;
  std::uint32_t vendor_id = 0;
  std::uint32_t device_id = 0;
  std::uint32_t driver_version = 0;
  /// What is missing for this engine, in words; empty where it runs.
  std::string missing;
  std::vector<HeapInfo> heaps;
  DeviceFeatures features;
  DeviceLimits limits;
  CooperativeMatrix cooperative;
};

/// "discrete GPU", "software", ...
const char* name_of(DeviceType type);

}  // namespace lacuna::vulkan
