#pragma once

#include "runtime/vulkan/device_features.h"

namespace lacuna::vulkan {

/// Whether product_cooperative.comp can work with matrices of these sizes: they divide a tile, and rows of factors are
/// whole units of 16 bytes.
bool suits_tiles(const CooperativeMatrix& matrix);

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
