#include "runtime/vulkan/cooperative_tile.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/vulkan/kernel_choice.h"

/// Tiles of cooperative matrices for devices that are not at hand.
namespace lacuna::vulkan {
namespace {

using Dialect = CooperativeMatrix::Dialect;

struct Gpu {
  const char* name;
  std::uint32_t subgroup, m, n, k;
};

DeviceInfo device_of(const Gpu& gpu, Dialect dialect = Dialect::khr) {
  DeviceInfo device;
  device.type = DeviceType::discrete;
  device.features.float16 = device.features.memory_model = device.features.subgroup_size_control = true;
  device.limits.shared_memory = 32768;  // less than most have
  device.limits.invocations = 1024;
  device.limits.subgroup_size = device.limits.subgroup_max = gpu.subgroup;
  device.cooperative = {dialect, gpu.m, gpu.n, gpu.k};
  return device;
}

const std::vector<Gpu> kGpus{{"NVIDIA", 32, 16, 16, 16}, {"AMD, wave 32", 32, 16, 16, 16}, {"AMD, wave 64", 64, 16, 16, 16},
                             {"Intel", 16, 8, 16, 16},   {"Intel, 8", 8, 8, 8, 16},        {"llvmpipe", 8, 8, 8, 8}};

VulkanOptions in_16_bits() {
  VulkanOptions options;
  options.kernels = Kernels::tiles;
  options.precision = Precision::bf16;
  return options;
}

TEST(CooperativeTile, SuitsEveryDevice) {
  for (const Gpu& gpu : kGpus) {
    const DeviceInfo device = device_of(gpu);
    EXPECT_TRUE(suits_tiles(device.cooperative)) << gpu.name;
    for (const TileSize size : {TileSize::narrow, TileSize::wide}) {
      SCOPED_TRACE(gpu.name);
      EXPECT_TRUE(has_cooperative_tiles(device, size));
      const CooperativeTile tile = cooperative_tile(device, size);
      EXPECT_EQ(tile.rows, tile.down * tile.matrices_down * gpu.m);
      EXPECT_EQ(tile.columns, tile.across * tile.matrices_across * gpu.n);
      EXPECT_EQ(tile.threads % gpu.subgroup, 0u);
      EXPECT_EQ(tile.threads / gpu.subgroup, tile.down * tile.across);
      EXPECT_EQ(tile.depth % gpu.k, 0u);
      EXPECT_EQ(tile.depth % 8, 0u);
      EXPECT_LE(tile.rows * tile.columns / tile.threads, size == TileSize::wide ? 64u : 32u);  // sums in registers
    }
    EXPECT_EQ(choose_kernels(device, in_16_bits()).halves, HalvesKernel::cooperative) << gpu.name;
  }
  EXPECT_EQ(cooperative_tile(device_of(kGpus[0]), TileSize::narrow).rows, 64u);
  EXPECT_EQ(cooperative_tile(device_of(kGpus[0]), TileSize::wide).columns, 128u);
}

TEST(CooperativeTile, IsLeftOutWhereItCannotRun) {
  EXPECT_FALSE(suits_tiles({Dialect::khr, 16, 16, 4}));
  EXPECT_FALSE(suits_tiles({Dialect::khr, 12, 16, 16}));
  EXPECT_FALSE(suits_tiles({Dialect::khr, 64, 64, 16}));
  EXPECT_FALSE(suits_tiles({}));
  const auto halves_of = [](const DeviceInfo& device) { return choose_kernels(device, in_16_bits()).halves; };
  DeviceInfo device = device_of(kGpus[0]);
  device.cooperative = {};
  EXPECT_EQ(halves_of(device), HalvesKernel::tiles);
  device = device_of(kGpus[0]);
  device.features.subgroup_size_control = false;
  EXPECT_EQ(halves_of(device), HalvesKernel::tiles);
  device = device_of(kGpus[0]);
  device.features.memory_model = false;
  EXPECT_EQ(halves_of(device), HalvesKernel::tiles);
  device = device_of(kGpus[0]);
  device.limits.shared_memory = 16384;  // room for narrow tiles alone
  EXPECT_EQ(halves_of(device), HalvesKernel::cooperative);
  EXPECT_EQ(choose_kernels(device, in_16_bits()).wide_matrix_rows, KernelChoice::kNeverWide);
  device.features.float16 = false;
  EXPECT_EQ(halves_of(device), HalvesKernel::none);
  VulkanOptions in_f32 = in_16_bits();
  in_f32.precision = Precision::f32;
  EXPECT_EQ(choose_kernels(device_of(kGpus[0]), in_f32).halves, HalvesKernel::none);
}

TEST(CooperativeTile, StepsDownToFloat16AndThenToFloat32) {
  const DeviceInfo device = device_of(kGpus[0], Dialect::nv);
  KernelChoice choice = choose_kernels(device, in_16_bits());
  const KernelUse halves{KernelUse::Kind::halves, {}};
  EXPECT_EQ(kernel_name(choice, halves), "cooperative");
  EXPECT_TRUE(step_down(choice, halves, device));
  EXPECT_EQ(kernel_name(choice, halves), "tiles");
  EXPECT_TRUE(step_down(choice, halves, device));
  EXPECT_EQ(kernel_name(choice, halves), "none");
  EXPECT_FALSE(step_down(choice, halves, device));
}

}  // namespace
}  // namespace lacuna::vulkan
