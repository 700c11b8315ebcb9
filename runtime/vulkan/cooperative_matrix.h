#pragma once

#include <optional>
#include <vector>

#include "runtime/vulkan/api.h"
#include "runtime/vulkan/device_features.h"

namespace lacuna::vulkan {

// VK_KHR_cooperative_matrix as the specification has it; Debian 12's headers are older.
inline constexpr char kCooperativeMatrixKhr[] = "VK_KHR_cooperative_matrix";
inline constexpr char kCooperativeMatrixNv[] = "VK_NV_cooperative_matrix";
struct CooperativeMatrixFeaturesKhr {
  VkStructureType type = VkStructureType(1000506000);
  void* next = nullptr;
  VkBool32 matrices = VK_FALSE;
  VkBool32 robust_access = VK_FALSE;
};

/// The matrices that a device, which says that it has the extension of `dialect`, multiplies best: f16 times f16 plus
/// f32, by a subgroup. Nothing where it has none whose sizes suit product_cooperative.comp.
std::optional<CooperativeMatrix> cooperative_matrix_of(VkPhysicalDevice device, CooperativeMatrix::Dialect dialect);

}  // namespace lacuna::vulkan
