#include "runtime/cpu/reference_executor.h"
#include "runtime/generation/pipeline.h"
#include "runtime/recovering_executor.h"
#include "runtime/vulkan/fault_injector.h"
#include "runtime/vulkan/vulkan_executor.h"
#include "tests/support/tiny_model.h"
#include "tests/vulkan/need_device.h"
#include "tests/weights/temp_folder.h"

/// A device that is lost, a fence that never comes and memory that is short, at every place of every job.
namespace lacuna::vulkan {
namespace {

using generation::JobOptions;
using generation::Pipeline;
using graph::DeviceError;
using runtime::RecoveringExecutor;
using runtime::Recovery;

/// What a job gave: tokens, and pixels where it draws.
struct Result {
  std::vector<std::int32_t> tokens;
  std::vector<float> pixels;
  bool operator==(const Result&) const = default;
};

vision::Image picture() {
  vision::Image image(vision::Size{16, 16});
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      image.at(y, x, 0) = float(x) / 16;
      image.at(y, x, 1) = float(y) / 16;
      image.at(y, x, 2) = 0.3f;
    }
  }
  return image;
}

JobOptions short_run(JobOptions options) {
  options.steps = 2;
  options.seed = 7;
  return options;
}

Result of(const vision::CodeGrid& codes, const vision::Image& image) {
  Result result;
  result.tokens.assign(codes.cells().begin(), codes.cells().end());
  result.pixels.assign(image.pixels().begin(), image.pixels().end());
  return result;
}

Result caption(Pipeline& pipeline) {
  const std::vector<vision::Image> pictures{picture()};
  return {pipeline.caption(pictures, "", short_run(generation::caption_defaults()))->front().tokens, {}};
}

Result generate(Pipeline& pipeline) {
  const std::vector<std::string> prompts{"3d emoji: goat"};
  const auto drawn = pipeline.generate(prompts, short_run(generation::generate_defaults()));
  return of(drawn->front().codes, drawn->front().image);
}

Result infill(Pipeline& pipeline) {
  generation::InfillRequest request;
  request.picture = picture();
  request.repaint = vision::CodeMask(vision::Size{4, 4}, std::uint8_t{0});
  for (int i = 0; i < 6; ++i) request.repaint->cells()[std::size_t(i)] = 1;
  request.seed = 7;
  const std::vector<generation::InfillRequest> requests{request};
  const auto filled = pipeline.infill(requests, short_run(generation::infill_defaults()));
  Result result = of(filled->front().codes, filled->front().image);
  result.tokens.insert(result.tokens.end(), filled->front().tokens.begin(), filled->front().tokens.end());
  return result;
}

struct Job {
  const char* name;
  Result (*run)(Pipeline&);
};

class LostDevice : public testing::TestWithParam<Job> {
 protected:
  static const std::filesystem::path& model() {
    static const test::TempFolder temp;
    static const std::filesystem::path path = [] {
      testing_support::write_tiny_model(temp / "tiny");
      return temp / "tiny";
    }();
    return path;
  }

  Recovery recovery(int rebuilds) {
    Recovery r;
    r.make = [this] {
      VulkanOptions options;
      options.patch = faults_.patch();
      options.transfer = transfer_;
      options.patience = std::chrono::milliseconds(60000);
      return std::make_unique<VulkanExecutor>(options);
    };
    r.rebuilds = rebuilds;
    r.on_event = [this](const std::string& line) { events_.push_back(line); };
    return r;
  }

  /// The device is lost at every call of `site` of one run, one after another.
  void lose_everywhere(FaultSite site, FaultKind kind, int stride = 1) {
    RecoveringExecutor executor(recovery(1 << 20));
    Pipeline pipeline(generation::open_model(model(), executor));
    const Result expected = GetParam().run(pipeline);
    faults_.forget();
    // How many calls there are depends on the times measured so far, so the end is where none is left to fail.
    for (int call = 0; call < kMostCalls; call += stride) {
      const int before = executor.losses();
      faults_.fail(site, call, kind);
      EXPECT_EQ(GetParam().run(pipeline), expected) << "lost at call " << call;
      if (faults_.failures() == 0) {
        EXPECT_GE(call, 3);
        break;
      }
      EXPECT_EQ(faults_.failures(), 1) << call;
      EXPECT_EQ(executor.losses(), before + 1) << call;
    }
    EXPECT_EQ(int(events_.size()), executor.losses());
  }

  static constexpr int kMostCalls = 1000;
  FaultInjector faults_;
  Transfer transfer_ = Transfer::automatic;
  std::vector<std::string> events_;
};

TEST_P(LostDevice, AtEverySubmitTheResultIsTheSame) {
  LACUNA_NEED_VULKAN_DEVICE();
  lose_everywhere(FaultSite::submit, FaultKind::lost);
}

TEST_P(LostDevice, AtEveryFenceTheResultIsTheSame) {
  LACUNA_NEED_VULKAN_DEVICE();
  lose_everywhere(FaultSite::fence, FaultKind::lost);
}

TEST_P(LostDevice, AFenceThatNeverComesIsALoss) {
  LACUNA_NEED_VULKAN_DEVICE();
  lose_everywhere(FaultSite::fence, FaultKind::timeout, 3);
}

/// As on a card with memory of its own: while weights are on their way.
TEST_P(LostDevice, WhileTheModelIsUploaded) {
  LACUNA_NEED_VULKAN_DEVICE();
  transfer_ = Transfer::staged;
  RecoveringExecutor whole(recovery(1));
  Pipeline pipeline(generation::open_model(model(), whole));
  const Result expected = GetParam().run(pipeline);
  const int calls = faults_.calls(FaultSite::submit);
  ASSERT_GT(calls, 10);
  for (const int call : {0, calls / 3, calls / 2}) {
    RecoveringExecutor executor(recovery(1));
    Pipeline again(generation::open_model(model(), executor));
    faults_.fail(FaultSite::submit, call, FaultKind::lost);
    EXPECT_EQ(GetParam().run(again), expected) << call;
    EXPECT_EQ(executor.losses(), 1);
  }
}

TEST_P(LostDevice, ASecondLossIsTheEndOrTheFallBack) {
  LACUNA_NEED_VULKAN_DEVICE();
  RecoveringExecutor alone(recovery(1));
  Pipeline pipeline(generation::open_model(model(), alone));
  const Result expected = GetParam().run(pipeline);
  faults_.fail(FaultSite::fence, 0, FaultKind::lost, 100);
  try {
    GetParam().run(pipeline);
    ADD_FAILURE() << "expected a lost device";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.kind(), DeviceError::Kind::lost);
    EXPECT_NE(std::string(error.what()).find("2 times"), std::string::npos) << error.what();
  }

  Recovery with_fall_back = recovery(1);
  with_fall_back.fall_back = [] { return std::make_unique<cpu::ReferenceExecutor>(); };
  faults_.forget();
  RecoveringExecutor both(with_fall_back);
  Pipeline second(generation::open_model(model(), both));
  faults_.fail(FaultSite::fence, 0, FaultKind::lost, 100);
  EXPECT_EQ(GetParam().run(second).tokens, expected.tokens);
  EXPECT_EQ(both.name(), "reference");
}

TEST_P(LostDevice, ShortMemoryIsAClearErrorAndTheProcessGoesOn) {
  LACUNA_NEED_VULKAN_DEVICE();
  faults_.forget();
  const auto run_once = [&] {
    RecoveringExecutor executor(recovery(1));
    Pipeline pipeline(generation::open_model(model(), executor));
    return GetParam().run(pipeline);
  };
  const Result expected = run_once();
  const int calls = faults_.calls(FaultSite::allocate);
  ASSERT_GT(calls, 0);
  for (int call = 0; call < calls; ++call) {
    RecoveringExecutor executor(recovery(1));
    Pipeline pipeline(generation::open_model(model(), executor));
    faults_.fail(FaultSite::allocate, call, FaultKind::out_of_memory, 1 << 20);
    try {
      GetParam().run(pipeline);
      ADD_FAILURE() << "expected an error at allocation " << call;
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.kind(), DeviceError::Kind::out_of_memory) << error.what();
      EXPECT_NE(std::string(error.what()).find("MiB"), std::string::npos) << error.what();
    }
    faults_.forget();
    EXPECT_EQ(GetParam().run(pipeline), expected) << "after allocation " << call << " had failed";
  }
}

INSTANTIATE_TEST_SUITE_P(Jobs, LostDevice,
                         testing::Values(Job{"caption", caption}, Job{"generate", generate}, Job{"infill", infill}),
                         [](const testing::TestParamInfo<Job>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lacuna::vulkan
