#include <algorithm>

#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

/// Choosing a device, with and without Vulkan on the machine.
namespace lacuna::test {
namespace {

using weights::Json;

class Devices : public Cli {
 protected:
  static RunOptions with(std::vector<std::string> environment) {
    RunOptions options;
    options.environment = std::move(environment);
    return options;
  }
  RunResult caption(std::vector<std::string> more, RunOptions options = {}) const {
    std::vector<std::string> arguments{"caption", put_picture("in.png", {16, 16}), "--json", "--precision", "f32"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return sample(std::move(arguments), std::move(options));
  }
  /// "vulkan:0" where the machine has a device that can be used; else empty.
  std::string vulkan_device() const {
    const Json list = Json::parse(run({"devices", "--json"}).out);
    for (const Json& device : list.at("devices").as_array()) {
      if (device.at("id").as_string().starts_with("vulkan:") && device.at("missing").as_string().empty()) {
        return device.at("id").as_string();
      }
    }
    return {};
  }
};

TEST_F(Devices, AreListedWithWhatAUserNeedsToKnow) {
  const Json list = Json::parse(run({"devices", "--json"}).out);
  std::vector<std::string> ids;
  for (const Json& device : list.at("devices").as_array()) {
    ids.push_back(device.at("id").as_string());
    EXPECT_FALSE(device.at("name").as_string().empty());
    EXPECT_FALSE(device.at("kind").as_string().empty());
    if (!ids.back().starts_with("vulkan:")) continue;
    EXPECT_FALSE(device.at("driver").as_string().empty());
    EXPECT_GT(device.at("heaps").as_array().front().at("bytes").as_integer(), 0);
  }
  EXPECT_NE(std::ranges::find(ids, "cpu"), ids.end());
  EXPECT_NE(std::ranges::find(ids, "reference"), ids.end());
}

TEST_F(Devices, AnUnknownNameListsWhatIsThere) {
  const RunResult result = caption({"--device", "no such device"});
  expect_failure(result, 69, "no such device");
  EXPECT_NE(result.err.find("reference"), std::string::npos) << result.err;
  expect_failure(caption({"--device", "vulkan:99"}), 69, "vulkan:99");
  expect_failure(caption({}, with({"LACUNA_DEVICE=nothing"})), 69, "nothing");
}

TEST_F(Devices, WithAFallBackTheProcessorTakesOver) {
  const RunResult plain = caption({"--device", "cpu"});
  const RunResult fallen = caption({"--device", "vulkan:99", "--fallback", "cpu"});
  EXPECT_EQ(fallen.code, 0) << fallen.err;
  EXPECT_NE(fallen.err.find("warning"), std::string::npos);
  EXPECT_EQ(Json::parse(fallen.out).at("caption").as_string(), Json::parse(plain.out).at("caption").as_string());
  expect_failure(caption({"--fallback", "gpu"}), 64, "--fallback");
}

TEST_F(Devices, WithoutADriverTheProcessorWorksAndVulkanSaysWhy) {
  // A folder without drivers, for the loader that is there.
  const auto none = with({"VK_ICD_FILENAMES=" + file("none.json"), "VK_DRIVER_FILES=" + file("none.json")});
  EXPECT_EQ(caption({}, none).code, 0);
  expect_failure(caption({"--device", "vulkan"}, none), 69, "Vulkan");
}

TEST_F(Devices, EveryJobGivesTheSameTokensOnVulkan) {
  const std::string device = vulkan_device();
  if (device.empty()) GTEST_SKIP() << "no Vulkan device on this machine";
  const auto cache = with({"LACUNA_CACHE=" + file("cache")});
  const std::string picture = put_picture("in.png", {16, 16});
  const std::vector<std::vector<std::string>> jobs = {
      {"caption", picture},
      {"generate", "-p", "3d emoji: goat", "-o", "drawn.png"},
      {"infill", "-i", picture, "--mask", put_mask("mask.png", {16, 16}, 8, 16), "-o", "filled.png"},
  };
  for (auto job : jobs) {
    job.insert(job.end(), {"--json", "--precision", "f32", "--temp", "0", "--seed", "5", "--steps", "3", "--device"});
    auto on_cpu = job, on_vulkan = job;
    on_cpu.emplace_back("cpu");
    on_vulkan.push_back(device);
    const RunResult expected = sample(on_cpu), got = sample(on_vulkan, cache);
    ASSERT_EQ(got.code, 0) << got.err;
    ASSERT_FALSE(Json::parse(got.out).at("tokens").as_array().empty());
    EXPECT_EQ(Json::parse(got.out).at("tokens").dump(), Json::parse(expected.out).at("tokens").dump()) << job.front();
  }
}

TEST_F(Devices, ABrokenCacheIsAWarning) {
  const std::string device = vulkan_device();
  if (device.empty()) GTEST_SKIP() << "no Vulkan device on this machine";
  const auto cache = with({"LACUNA_CACHE=" + file("cache")});
  EXPECT_EQ(caption({"--device", device}, cache).code, 0);
  std::size_t broken = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file("cache"))) {
    std::filesystem::resize_file(entry.path(), 21);
    ++broken;
  }
  EXPECT_EQ(broken, 1u);
  const RunResult warned = caption({"--device", device}, cache);
  EXPECT_EQ(warned.code, 0) << warned.err;
  EXPECT_NE(warned.err.find("warning"), std::string::npos) << warned.err;
  const RunResult repaired = caption({"--device", device}, cache);
  EXPECT_EQ(repaired.err.find("warning"), std::string::npos) << repaired.err;
}

TEST_F(Devices, EveryPrecisionRunsOnVulkan) {
  const std::string device = vulkan_device();
  if (device.empty()) GTEST_SKIP() << "no Vulkan device on this machine";
  const auto cache = with({"LACUNA_CACHE=" + file("cache")});
  for (const char* precision : {"int8", "bf16", "auto"}) {
    const RunResult result = sample({"caption", put_picture("in.png", {16, 16}), "--device", device, "--precision", precision}, cache);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err.find("warning"), std::string::npos) << result.err;
  }
}

}  // namespace
}  // namespace lacuna::test
