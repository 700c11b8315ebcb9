#include "tools/lacuna/automatic_device.h"

#include <gtest/gtest.h>

namespace lacuna::tools {
namespace {

std::string taken(std::vector<MeasuredDevice> devices) { return devices[fastest(devices)].device; }

TEST(Fastest, IsTheDeviceWithTheShortestStep) {
  EXPECT_EQ(taken({{"cpu", 0.020}, {"vulkan:0", 0.004}, {"vulkan:1", 0.002}}), "vulkan:1");
  EXPECT_EQ(taken({{"cpu", 0.002}, {"vulkan:0", 0.004}}), "cpu");
}

TEST(Fastest, TheProcessorStaysWhereNothingIsClearlyFaster) {
  EXPECT_EQ(taken({{"cpu", 0.0100}, {"vulkan:0", 0.0095}}), "cpu");
  EXPECT_EQ(taken({{"cpu", 0.0100}, {"vulkan:0", 0.0095}, {"vulkan:1", 0.0080}}), "vulkan:1");
}

TEST(Fastest, DevicesThatCannotRunTheModelAreLeftOut) {
  EXPECT_EQ(taken({{"cpu", 0.010}, {"vulkan:0", std::nullopt}}), "cpu");
  EXPECT_EQ(taken({{"cpu", std::nullopt}, {"vulkan:0", 0.5}}), "vulkan:0");
  EXPECT_EQ(taken({{"cpu", std::nullopt}, {"vulkan:0", std::nullopt}}), "cpu");
}

}  // namespace
}  // namespace lacuna::tools
