#include "runtime/vulkan/kernel_choice.h"

namespace lacuna::vulkan {
namespace {

/// Texel buffers large enough for any weight part; Vulkan itself only promises 65536.
bool has_large_texel_buffers(const DeviceInfo& device) { return device.limits.texel_elements >= (1u << 26); }

bool has_room_for_tiles(const DeviceInfo& device) {
  return device.limits.shared_memory >= 16384 && device.limits.invocations >= 256;
}

}  // namespace

KernelChoice choose_kernels(const DeviceInfo& device, Kernels wanted) {
  KernelChoice choice;
  const bool texels = has_large_texel_buffers(device), tiles = has_room_for_tiles(device);
  // Software Vulkan turns barriers into coroutines, and storage reads into one branch a lane.
  const bool small = device.type == DeviceType::cpu || device.limits.subgroup_max <= 8;
  if (wanted == Kernels::plain) return choice;
  if (wanted == Kernels::texels || (wanted == Kernels::automatic && small)) {
    if (texels) choice.product = ProductKernel::texels;
  } else if (tiles) {
    choice.product = ProductKernel::tiles;
  }
  return choice;
}

}  // namespace lacuna::vulkan
