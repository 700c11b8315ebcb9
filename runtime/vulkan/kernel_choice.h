#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fusion/graph/dtype.h"
#include "runtime/vulkan/device_features.h"
#include "runtime/vulkan/options.h"

namespace lacuna::vulkan {

/// How products (linear, propose, conv2d) are computed, the simplest first.
enum class ProductKernel : std::uint8_t {
  plain,   // one output column an invocation: needs nothing, slow everywhere
  texels,  // no barriers, both operands as texels: software Vulkan, small subgroups
  tiles,   // blocks in shared memory and registers: GPUs
};

/// How attention is computed, the simplest first.
enum class AttentionKernel : std::uint8_t {
  none,   // from primitives, with its scores in memory
  lanes,  // no barriers, operands as texels, one subgroup of 8 a workgroup
  tiles,  // blocks in shared memory
};

/// How products of codes of 8 bits are computed (narrow_weight.h), the simplest first.
enum class CodesKernel : std::uint8_t {
  none,    // in f32, as the weight is stored
  texels,  // as floats, which is exact: software Vulkan
  tiles,   // unpacked, in shared memory
  dot,     // by the device's dot product of four codes, in shared memory
};
/// Which large products are computed so: of weights that are stored as i8, or of all.
enum class CodesOf : std::uint8_t { stored, all };

/// How products of f16 are computed.
enum class HalvesKernel : std::uint8_t {
  none,         // in f32, as the weight is stored
  tiles,        // float16 arithmetic in shared memory
  cooperative,  // by matrices that a subgroup multiplies, in shared memory, with sums in f32; blocks too
};

/// What a matrix may be stored in; products of each have kernels of their own.
inline constexpr std::array kStoredTypes{graph::DType::f32,  graph::DType::f16,  graph::DType::bf16, graph::DType::i8,
                                         graph::DType::q8_0, graph::DType::q4_0, graph::DType::q4_1};

/// Something that is computed by one of several kernels: "product f16", "convolution i8", "attention", "norm",
/// "codes", "halves", "wide tiles", "wide matrices".
struct KernelUse {
  enum class Kind : std::uint8_t { product, convolution, attention, norm, codes, halves, wide_tiles, wide_matrices };
  Kind kind = Kind::product;
  graph::DType stored = graph::DType::f32;  // of products and convolutions
};
std::string name_of(const KernelUse& use);
/// Nothing for another name.
std::optional<KernelUse> kernel_use_named(std::string_view name);

/// Which kernels an engine uses on its device. Devices are told apart here and in choose_kernels() alone.
struct KernelChoice {
  std::array<ProductKernel, kStoredTypes.size()> products{};      // by place in kStoredTypes
  std::array<ProductKernel, kStoredTypes.size()> convolutions{};
  AttentionKernel attention = AttentionKernel::none;
  CodesKernel codes = CodesKernel::none;
  CodesOf codes_of = CodesOf::all;
  HalvesKernel halves = HalvesKernel::none;
  /// Products in tiles have tiles of 128 x 128 from so many rows and columns on, else of 64 x 64.
  static constexpr std::uint32_t kNeverWide = ~0u;
  std::uint32_t wide_rows = 256, wide_columns = 512;
  /// The same of products by cooperative matrices.
  std::uint32_t wide_matrix_rows = 256, wide_matrix_columns = 1024;
  bool subgroup_rows = false;  // norms: a subgroup, which is a workgroup, has a row; else from primitives

  ProductKernel product(graph::DType stored) const;
  ProductKernel convolution(graph::DType stored) const;
  bool operator==(const KernelChoice&) const = default;
};
KernelChoice choose_kernels(const DeviceInfo& device, const VulkanOptions& options);

/// Replaces the kernel of `use` by the next simpler one that the device can run; false where there is none.
bool step_down(KernelChoice& choice, const KernelUse& use, const DeviceInfo& device);
/// The kernel of `use`, in a word.
std::string kernel_name(const KernelChoice& choice, const KernelUse& use);

/// The choice as lines of "use kernel", and back; nothing where the text is not one that to_text() gives.
std::string to_text(const KernelChoice& choice);
std::optional<KernelChoice> choice_from_text(std::string_view text);

}  // namespace lacuna::vulkan
