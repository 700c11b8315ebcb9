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

/// How one workgroup of product_cooperative.comp is laid out.
struct CooperativeTile {
  std::uint32_t down = 0, across = 0;                    // subgroups
  std::uint32_t matrices_down = 0, matrices_across = 0;  // of each subgroup
  std::uint32_t depth = 0;                               // k of a block
  std::uint32_t rows = 0, columns = 0;                   // results of a workgroup
  std::uint32_t threads = 0;
  std::uint32_t shared_memory = 0;  // bytes
};
/// Small products have tiles of 64 x 64.
enum class TileSize : std::uint8_t { narrow, wide };
CooperativeTile cooperative_tile(const DeviceInfo& device, TileSize size);
/// Whether the device can run tiles of that size.
bool has_cooperative_tiles(const DeviceInfo& device, TileSize size);

}  // namespace lacuna::vulkan
