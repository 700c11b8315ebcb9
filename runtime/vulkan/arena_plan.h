#pragma once

#include <vector>

#include "runtime/vulkan/program.h"

namespace lacuna::vulkan {

/// Where a buffer of kind `arena` lies.
struct ArenaPlace {
  std::size_t arena = 0;
  VkDeviceSize offset = 0;
};

/// Memory for the values of a program: buffers that are never alive together share bytes.
struct ArenaPlan {
  std::vector<ArenaPlace> places;    // by buffer of the program
  std::vector<VkDeviceSize> arenas;  // bytes of each
};

/// One arena where `limit` bytes are enough, else as many as are needed. Throws graph::DeviceError (out_of_memory) where
/// one buffer alone is larger than that.
ArenaPlan plan_arenas(const Program& program, VkDeviceSize alignment, VkDeviceSize limit);

}  // namespace lacuna::vulkan
