#include "runtime/vulkan/kernel_choice.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fusion/graph/block_format.h"
#include "runtime/vulkan/cooperative_tile.h"

namespace lacuna::vulkan {
namespace {

using graph::DType;
using Kind = KernelUse::Kind;

constexpr std::array<std::string_view, 3> kProductNames{"plain", "texels", "tiles"};
constexpr std::array<std::string_view, 3> kAttentionNames{"none", "lanes", "tiles"};
constexpr std::array<std::string_view, 4> kCodesNames{"none", "texels", "tiles", "dot"};
constexpr std::array<std::string_view, 3> kHalvesNames{"none", "tiles", "cooperative"};
constexpr std::array<std::string_view, 2> kNormNames{"primitives", "subgroups"};

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
  return has_known_subgroups(device) && device.features.subgroup_shuffle && device.limits.subgroup_min == 8 &&
         device.limits.subgroup_max == 8;
}

std::size_t place_of(DType stored) {
  const auto found = std::ranges::find(kStoredTypes, stored);
  if (found == kStoredTypes.end()) throw std::invalid_argument("[vulkan] expected a type of weights, got " + std::string(name_of(stored)));
  return std::size_t(found - kStoredTypes.begin());
}

std::vector<KernelUse> all_uses() {
  std::vector<KernelUse> uses;
  for (DType stored : kStoredTypes) uses.push_back({Kind::product, stored});
  for (DType stored : kStoredTypes) {
    if (!graph::is_block_quantised(stored)) uses.push_back({Kind::convolution, stored});  // blocks are of matrices
  }
  uses.push_back({Kind::attention, {}});
  for (Kind kind : {Kind::norm, Kind::codes, Kind::halves, Kind::wide_tiles, Kind::wide_matrices}) uses.push_back({kind, {}});
  return uses;
}

bool step_down(ProductKernel& kernel, const DeviceInfo& device) {
  if (kernel == ProductKernel::plain) return false;
  const bool texels = kernel == ProductKernel::tiles && has_large_texel_buffers(device);
  kernel = texels ? ProductKernel::texels : ProductKernel::plain;
  return true;
}

std::string wide_name(std::uint32_t rows, std::uint32_t columns) {
  if (rows == KernelChoice::kNeverWide) return "never";
  return std::to_string(rows) + 'x' + std::to_string(columns);
}

bool set_wide(std::uint32_t& wide_rows, std::uint32_t& wide_columns, std::string_view name) {
  if (name == "never") {
    wide_rows = KernelChoice::kNeverWide;
    return true;
  }
  const char *begin = name.data(), *end = begin + name.size();
  const auto rows = std::from_chars(begin, end, wide_rows);
  if (rows.ec != std::errc() || rows.ptr == end || *rows.ptr != 'x') return false;
  const auto columns = std::from_chars(rows.ptr + 1, end, wide_columns);
  return columns.ec == std::errc() && columns.ptr == end;
}

/// False where the kernel has no such name.
bool set_kernel(KernelChoice& choice, const KernelUse& use, std::string_view name) {
  const auto set = [&](auto& kernel, const auto& names) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return false;
    kernel = std::remove_reference_t<decltype(kernel)>(found - names.begin());
    return true;
  };
  switch (use.kind) {
    case Kind::product:
      return set(choice.products[place_of(use.stored)], kProductNames);
    case Kind::convolution:
      return set(choice.convolutions[place_of(use.stored)], kProductNames);
    case Kind::attention:
      return set(choice.attention, kAttentionNames);
    case Kind::codes:
      return set(choice.codes, kCodesNames);
    case Kind::halves:
      return set(choice.halves, kHalvesNames);
    case Kind::wide_tiles:
      return set_wide(choice.wide_rows, choice.wide_columns, name);
    case Kind::wide_matrices:
      return set_wide(choice.wide_matrix_rows, choice.wide_matrix_columns, name);
    case Kind::norm:
      break;
  }
  return set(choice.subgroup_rows, kNormNames);
}

}  // namespace

std::string name_of(const KernelUse& use) {
  switch (use.kind) {
    case Kind::product:
      return "product " + std::string(name_of(use.stored));
    case Kind::convolution:
      return "convolution " + std::string(name_of(use.stored));
    case Kind::attention:
      return "attention";
    case Kind::codes:
      return "codes";
    case Kind::halves:
      return "halves";
    case Kind::wide_tiles:
      return "wide tiles";
    case Kind::wide_matrices:
      return "wide matrices";
    case Kind::norm:
      break;
  }
  return "norm";
}

std::optional<KernelUse> kernel_use_named(std::string_view name) {
  for (const KernelUse& use : all_uses()) {
    if (name_of(use) == name) return use;
  }
  return std::nullopt;
}

ProductKernel KernelChoice::product(DType stored) const { return products[place_of(stored)]; }
ProductKernel KernelChoice::convolution(DType stored) const { return convolutions[place_of(stored)]; }

KernelChoice choose_kernels(const DeviceInfo& device, const VulkanOptions& options) {
  const Kernels wanted = options.kernels;
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
  constexpr std::uint32_t kWideBytes = 2 * 16 * 33 * 16;  // shared memory of product_tiles.comp with TILE 8
  if (device.limits.shared_memory < kWideBytes) choice.wide_rows = KernelChoice::kNeverWide;
  ProductKernel product = ProductKernel::plain;
  if (wanted == Kernels::texels || (wanted == Kernels::automatic && small)) {
    if (texels) product = ProductKernel::texels;
    if (texels && has_subgroups_of_8(device)) choice.attention = AttentionKernel::lanes;
  } else if (tiles) {
    product = ProductKernel::tiles;
  }
  choice.products.fill(product);
  for (const KernelUse& use : all_uses()) {
    if (use.kind == Kind::convolution) choice.convolutions[place_of(use.stored)] = product;
  }
  const bool coded = options.precision == Precision::int8 ||
                     (options.precision == Precision::automatic && device.features.fast_dot_product);
  choice.codes_of = options.precision == Precision::automatic ? CodesOf::stored : CodesOf::all;
  if (coded && product == ProductKernel::texels) {
    choice.codes = CodesKernel::texels;
  } else if (coded && product == ProductKernel::tiles) {
    choice.codes = device.features.integer_dot_product ? CodesKernel::dot : CodesKernel::tiles;
  }
  if (options.precision == Precision::bf16 && product == ProductKernel::tiles && device.features.float16) {
    choice.halves = has_cooperative_tiles(device, TileSize::narrow) ? HalvesKernel::cooperative : HalvesKernel::tiles;
  }
  if (!has_cooperative_tiles(device, TileSize::wide)) choice.wide_matrix_rows = KernelChoice::kNeverWide;
  return choice;
}

bool step_down(KernelChoice& choice, const KernelUse& use, const DeviceInfo& device) {
  switch (use.kind) {
    case Kind::product:
      return step_down(choice.products[place_of(use.stored)], device);
    case Kind::convolution:
      return step_down(choice.convolutions[place_of(use.stored)], device);
    case Kind::attention:
      return std::exchange(choice.attention, AttentionKernel::none) != AttentionKernel::none;
    case Kind::codes: {
      const CodesKernel simpler = choice.codes == CodesKernel::dot ? CodesKernel::tiles : CodesKernel::none;
      return std::exchange(choice.codes, simpler) != CodesKernel::none;
    }
    case Kind::halves: {
      const HalvesKernel simpler = choice.halves == HalvesKernel::cooperative ? HalvesKernel::tiles : HalvesKernel::none;
      return std::exchange(choice.halves, simpler) != HalvesKernel::none;
    }
    case Kind::wide_tiles:
      return std::exchange(choice.wide_rows, KernelChoice::kNeverWide) != KernelChoice::kNeverWide;
    case Kind::wide_matrices:
      return std::exchange(choice.wide_matrix_rows, KernelChoice::kNeverWide) != KernelChoice::kNeverWide;
    case Kind::norm:
      break;
  }
  return std::exchange(choice.subgroup_rows, false);
}

std::string kernel_name(const KernelChoice& choice, const KernelUse& use) {
  switch (use.kind) {
    case Kind::product:
      return std::string(kProductNames[std::size_t(choice.product(use.stored))]);
    case Kind::convolution:
      return std::string(kProductNames[std::size_t(choice.convolution(use.stored))]);
    case Kind::attention:
      return std::string(kAttentionNames[std::size_t(choice.attention)]);
    case Kind::codes:
      return std::string(kCodesNames[std::size_t(choice.codes)]);
    case Kind::halves:
      return std::string(kHalvesNames[std::size_t(choice.halves)]);
    case Kind::wide_tiles:
      return wide_name(choice.wide_rows, choice.wide_columns);
    case Kind::wide_matrices:
      return wide_name(choice.wide_matrix_rows, choice.wide_matrix_columns);
    case Kind::norm:
      break;
  }
  return std::string(kNormNames[std::size_t(choice.subgroup_rows)]);
}

std::string to_text(const KernelChoice& choice) {
  std::string text;
  for (const KernelUse& use : all_uses()) {
    text += name_of(use) + ' ' + kernel_name(choice, use) + '\n';
  }
  return text;
}

std::optional<KernelChoice> choice_from_text(std::string_view text) {
  KernelChoice choice;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::size_t space = line.rfind(' ');
    const auto use = kernel_use_named(line.substr(0, space));
    if (space == std::string_view::npos || !use || !set_kernel(choice, *use, line.substr(space + 1))) return std::nullopt;
  }
  if (to_text(choice) != text) return std::nullopt;  // a use is missing or there twice
  return choice;
}

}  // namespace lacuna::vulkan
