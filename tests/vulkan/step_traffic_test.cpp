#include "runtime/generation/pipeline.h"
#include "runtime/vulkan/vulkan_executor.h"
#include "tests/support/tiny_model.h"
#include "tests/vulkan/need_device.h"
#include "tests/weights/temp_folder.h"

/// What goes between the processor and the device in a denoising step.
namespace lacuna::vulkan {
namespace {

/// After each step of a job.
struct Watch {
  const VulkanExecutor& executor;
  std::vector<Traffic> moments;

  generation::StepCallback callback() {
    return [this](const generation::StepReport&) {
      moments.push_back(executor.traffic());
      return generation::Continue::yes;
    };
  }

  /// One wait a step; ids, keys and positions in, 16 bytes a position out, so never a row of logits.
  void expect_little(std::uint64_t most_positions) const {
    ASSERT_GE(moments.size(), 3u);
    for (std::size_t i = 1; i < moments.size(); ++i) {
      const Traffic &before = moments[i - 1], &after = moments[i];
      EXPECT_EQ(after.runs - before.runs, 1u) << "step " << i;
      EXPECT_EQ(after.waits - before.waits, 1u) << "step " << i;
      const std::uint64_t up = after.bytes_up - before.bytes_up, down = after.bytes_down - before.bytes_down;
      EXPECT_LE(up + down, std::uint64_t{64} << 10) << "step " << i;
      constexpr std::uint64_t kAlignment = 2 * 256;  // of the two outputs
      EXPECT_LE(down, 16 * most_positions + kAlignment) << "step " << i;
    }
  }
};

TEST(StepTraffic, OneWaitAndFewBytes) {
  LACUNA_NEED_VULKAN_DEVICE();
  const test::TempFolder temp;
  testing_support::write_tiny_model(temp / "tiny");
  VulkanExecutor executor;
  generation::Pipeline pipeline(generation::open_model(temp / "tiny", executor));
  const std::uint64_t positions = 64;  // the tiny model's text and codes, rounded up to what plans are made for

  Watch drawing{executor, {}};
  const std::vector<std::string> prompts{"3d emoji: goat"};
  auto options = generation::generate_defaults();
  options.steps = 6;
  pipeline.generate(prompts, options, drawing.callback());
  drawing.expect_little(positions);

  Watch writing{executor, {}};
  const std::vector<vision::Image> pictures{vision::Image(pipeline.model().picture_size(), 0.5f)};
  auto words = generation::caption_defaults();
  words.steps = 4;
  pipeline.caption(pictures, "", words, writing.callback());
  writing.expect_little(positions);
}

}  // namespace
}  // namespace lacuna::vulkan
