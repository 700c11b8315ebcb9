#include "tools/lacuna/automatic_device.h"

#include <gtest/gtest.h>

#include "tools/lacuna/memory_report.h"

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

ModelFlags released(const std::string& name) {
  ModelFlags flags;
  flags.model = std::string(LACUNA_SOURCE_DIR) + "/tests/golden/fixtures/models/" + name;
  return flags;
}

TEST(OpenOnTheFastest, TriesModelsOfWordsAloneToo) {
  LogFlags log;
  log.quiet = true;
  const auto opened = open_on_the_fastest({"cpu", "reference"}, released("llada_mha"), log, samplers::Fidelity::original);
  EXPECT_EQ(opened.executor->name(), "cpu");
  EXPECT_EQ(opened.fidelity, samplers::Fidelity::original);
}

TEST(CheckMemory, TheProcessorTakesOverWithTheSameFidelity) {
  LogFlags log;
  log.quiet = true;
  const ModelFlags flags = released("llada_mha");
  OpenedModel opened = open_model_on("reference", flags, log, samplers::Fidelity::original);
  MemoryNeed need;
  need.weights = 2;
  need.available = 1;
  need.heap = "a small device";
  check_memory(need, {1, true}, opened, flags, log);
  EXPECT_EQ(opened.executor->name(), "cpu");
  EXPECT_EQ(opened.fidelity, samplers::Fidelity::original);
  ASSERT_TRUE(opened.pipeline);
}

}  // namespace
}  // namespace lacuna::tools
