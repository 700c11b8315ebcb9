#include "runtime/vulkan/kernel_choice.h"

namespace lacuna::vulkan {
namespace {

/// Texel buffers large enough for any weight part; Vulkan itself only promises 65536.
bool has_large_texel_buffers(const DeviceInfo& device) { return device.limits.texel_elements >= (1u << 26); }

bool has_room_for_tiles(const DeviceInfo& device) {
  return device.limits.shared_memory >= 16384 && device.limits.invocations >= 256;
}

/// Subgroups of one known size, so that a workgroup can be one subgroup.
bool has_known_subgroups(const DeviceInfo& device) {
  const DeviceLimits& l = device.limits;
  return device.features.subgroup_arithmetic && l.subgroup_size > 1 &&
         ((l.subgroup_min == l.subgroup_size && l.subgroup_max == l.subgroup_size) || device.features.subgroup_size_control);
}

bool has_subgroups_of_8(const DeviceInfo& device) {
  return has_known_subgroups(device) && device.features.subgroup_ballot && device.limits.subgroup_min == 8 &&
         device.limits.subgroup_max == 8;
}

}  // namespace

KernelChoice choose_kernels(const DeviceInfo& device, Kernels wanted) {
  KernelChoice choice;
  const bool texels = has_large_texel_buffers(device), tiles = has_room_for_tiles(device);
  // Software Vulkan turns barriers into coroutines, and storage reads into one branch a lane.
  const bool small = device.type == DeviceType::cpu || device.limits.subgroup_max <= 8;
  if (wanted == Kernels::plain) return choice;
  choice.subgroup_rows = has_known_subgroups(device);
  constexpr std::uint32_t kAttentionBytes = 2 * 32 * 17 * 16 + 32 * 33 * 4;  // shared memory of attention_tiles.comp
  if (device.limits.shared_memory >= kAttentionBytes && device.limits.invocations >= 128) {
    choice.attention = AttentionKernel::tiles;
  }
  if (wanted == Kernels::texels || (wanted == Kernels::automatic && small)) {
    if (texels) choice.product = ProductKernel::texels;
    if (texels && has_subgroups_of_8(device)) choice.attention = AttentionKernel::lanes;
  } else if (tiles) {
    choice.product = ProductKernel::tiles;
  }
  return choice;
}

}  // namespace lacuna::vulkan
