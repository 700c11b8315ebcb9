#pragma once

#include <cstdint>

#include "runtime/vulkan/device_features.h"
#include "runtime/vulkan/options.h"

namespace lacuna::vulkan {

/// How products (linear, propose, conv2d) are computed.
enum class ProductKernel : std::uint8_t {
  plain,   // one output column an invocation: needs nothing, slow everywhere
  texels,  // no barriers, both operands as texels: software Vulkan, small subgroups
  tiles,   // blocks in shared memory and registers: GPUs
};

/// How attention is computed.
enum class AttentionKernel : std::uint8_t {
  none,   // from primitives, with its scores in memory
  lanes,  // no barriers, operands as texels, one subgroup of 8 a workgroup
  tiles,  // blocks in shared memory
};

/// Which kernels an engine uses on its device. The one place where devices are told apart.
struct KernelChoice {
  ProductKernel product = ProductKernel::plain;
  AttentionKernel attention = AttentionKernel::none;
  bool subgroup_rows = false;  // norms: a subgroup, which is a workgroup, has a row
};
KernelChoice choose_kernels(const DeviceInfo& device, Kernels wanted);

}  // namespace lacuna::vulkan
