#include <gtest/gtest.h>

#include <cstdint>

#include "runtime/vulkan/options.h"
#include "runtime/vulkan/shader_library.h"
#include "tests/vulkan/need_device.h"

namespace lacuna::vulkan {
namespace {

TEST(ShaderLibrary, HoldsSpirv) {
  ASSERT_FALSE(shader_library().empty());
  for (const Shader& shader : shader_library()) {
    ASSERT_GT(shader.words.size(), 5u) << shader.name;
    EXPECT_EQ(shader.words[0], 0x07230203u) << shader.name;
    EXPECT_EQ(&find_shader(shader.name), &shader);
  }
  EXPECT_THROW(find_shader("no such shader"), std::invalid_argument);
}

TEST(Devices, SayWhatTheyAre) {
  LACUNA_NEED_VULKAN_DEVICE();
  int index = 0;
  for (const DeviceInfo& device : list_devices()) {
    EXPECT_EQ(device.index, index++);
    EXPECT_FALSE(device.name.empty());
    if (!device.missing.empty()) continue;
    EXPECT_GE(device.limits.storage_range, std::uint64_t{1} << 27);  // the least that Vulkan allows
    EXPECT_LE(device.limits.allocation, std::uint64_t{1} << 30);
    EXPECT_GE(device.limits.shared_memory, 16384u);
    EXPECT_FALSE(device.heaps.empty());
  }
}

TEST(VulkanOptions, RefuseWhatMakesNoSense) {
  EXPECT_NO_THROW(VulkanOptions{}.validate());
  VulkanOptions options;
  options.device = -2;
  EXPECT_THROW(options.validate(), std::invalid_argument);
  options = {};
  options.submit_limit = options.submit_target / 2;
  EXPECT_THROW(options.validate(), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::vulkan
