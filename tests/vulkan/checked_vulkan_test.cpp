#include "runtime/checked_vulkan.h"

#include <algorithm>
#include <fstream>
#include <thread>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "runtime/cpu/reference_executor.h"
#include "runtime/kernel_cache.h"
#include "runtime/self_test.h"
#include "runtime/vulkan/lying_driver.h"
#include "tests/support/memory_weights.h"
#include "tests/vulkan/need_device.h"
#include "tests/weights/temp_folder.h"

/// Drivers that compute wrongly, and what is kept of those that do not.
namespace lacuna::runtime {
namespace {

using vulkan::KernelChoice;
using vulkan::Kernels;
using vulkan::KernelUse;
using vulkan::LyingDriver;
namespace fs = std::filesystem;

class CheckedVulkanTest : public testing::Test {
 protected:
  std::unique_ptr<CheckedVulkan> open(LyingDriver* driver = nullptr, Kernels kernels = Kernels::automatic,
                                      vulkan::Precision precision = vulkan::Precision::automatic) {
    warnings_.clear();
    CheckedVulkanOptions options;
    options.engine.precision = precision;
    options.engine.kernels = kernels;
    if (driver != nullptr) options.engine.patch = driver->patch();
    if (!matrices_) options.engine.restrict_device = [](vulkan::DeviceInfo& device) { device.cooperative = {}; };
    options.device_name = "the device";
    options.tune = tune_;
    options.cache_folder = cache_;
    options.on_warning = [this](const std::string& line) { warnings_.push_back(line); };
    return std::make_unique<CheckedVulkan>(options);
  }
  static void expect_right(CheckedVulkan& engine, const TestParts& parts) {
    cpu::ReferenceExecutor reference;
    for (const FailingPart& wrong : failing_parts(engine, reference, parts)) ADD_FAILURE() << wrong.part << ": " << wrong.detail;
  }
  fs::path only_file() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(cache_)) {
      EXPECT_TRUE(found.empty()) << entry.path();
      found = entry.path();
    }
    return found;
  }

  /// A plan of one product, which is what is tuned.
  static void prepare_product(CheckedVulkan& engine) {
    graph::GraphBuilder b;
    b.output("y", b.linear(b.input("x", graph::DType::f32, {3, 40}), b.weight("w", {5, 40})));
    auto weights = std::make_shared<testing_support::MemoryWeights>();
    weights->add("w", graph::DType::f16, {5, 40}, std::vector<std::byte>(5 * 40 * 2));
    engine.prepare(b.finish(), weights);
  }

  Tune tune_ = Tune::gpus;
  bool matrices_ = true;  // cooperative ones
  std::vector<std::string> warnings_;
  test::TempFolder folder_;
  fs::path cache_;  // empty = none
};

struct Lie {
  const char* shaders;
  const char* part;
  const char* use;
  Kernels kernels = Kernels::automatic;
  std::optional<vulkan::DriverLie::Constant> constant = {};
};
void PrintTo(const Lie& lie, std::ostream* out) { *out << lie.shaders; }

class OneLie : public CheckedVulkanTest, public testing::WithParamInterface<Lie> {};

/// Only the kernel that lies is replaced, and what comes out is right.
TEST_P(OneLie, IsAnsweredByASimplerKernel) {
  LACUNA_NEED_VULKAN_DEVICE();
  const TestParts parts{GetParam().part, "swiglu"};
  LyingDriver driver({GetParam().shaders, GetParam().constant});
  const auto engine = open(&driver, GetParam().kernels);
  KernelChoice expected = engine->executor().kernels();
  EXPECT_TRUE(step_down(expected, *vulkan::kernel_use_named(GetParam().use), engine->executor().device()));
  engine->check(parts);
  if (driver.lies() == 0) GTEST_SKIP() << "this device has no such kernel";
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find(GetParam().part), std::string::npos) << warnings_[0];
  EXPECT_NE(warnings_[0].find("vulkan:"), std::string::npos) << warnings_[0];
  EXPECT_EQ(to_text(engine->executor().kernels()), to_text(expected));
  expect_right(*engine, parts);
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, OneLie,
    testing::Values(Lie{"product_texels_f32_4", "product f32", "product f32"}, Lie{"product_texels_f16_1", "product f16", "product f16"},
                    Lie{"product_texels_bf16_2", "product bf16", "product bf16"}, Lie{"product_texels_i8", "product i8", "product i8"},
                    Lie{"product_texels_q8_0", "product q8_0", "product q8_0"},
                    Lie{"conv2d_texels_f16", "convolution f16", "convolution f16"},
                    Lie{"attention_lanes_1", "attention 10", "attention"},
                    Lie{"attention_tiles_1", "attention 10", "attention", Kernels::tiles}, Lie{"norm", "norm rms", "norm"},
                    Lie{"product_tiles_f32", "product f32", "product f32", Kernels::tiles},
                    Lie{"product_tiles_q4_1", "product q4_1", "product q4_1", Kernels::tiles},
                    Lie{"product_tiles_conv_i8", "convolution i8", "convolution i8", Kernels::tiles},
                    // Tiles of 128: a constant of a kernel that is right otherwise.
                    Lie{"product_tiles_f16", "product f16", "wide tiles", Kernels::tiles, vulkan::DriverLie::Constant{2, 8}},
                    Lie{"draw_pick_lanes", "draw", "norm"}));

TEST_F(CheckedVulkanTest, AnHonestDriverIsBelieved) {
  LACUNA_NEED_VULKAN_DEVICE();
  const auto engine = open();
  const KernelChoice before = engine->executor().kernels();
  engine->check(all_test_parts());
  EXPECT_TRUE(warnings_.empty()) << warnings_.front();
  EXPECT_EQ(engine->executor().kernels(), before);
  EXPECT_EQ(engine->checked_now(), all_test_parts());
}

TEST_F(CheckedVulkanTest, AGraphIsCheckedForWhatItNeeds) {
  LACUNA_NEED_VULKAN_DEVICE();
  graph::GraphBuilder b;
  const graph::Value x = b.input("x", graph::DType::f32, {3, 40}), w = b.weight("w", {66, 40});
  b.output("y", graph::rms_norm(b, b.linear(x, b.slice(w, {.axis = 0, .begin = 0, .end = 40})), b.weight("n", {40}), 1e-5f));
  auto weights = std::make_shared<testing_support::MemoryWeights>();
  weights->add("w", graph::DType::f16, {66, 40}, std::vector<std::byte>(66 * 40 * 2));
  weights->add("n", {40}, std::vector<float>(40));
  LyingDriver driver({"product_texels_f16_2"});
  const auto engine = open(&driver);
  engine->prepare(b.finish(), weights);
  EXPECT_EQ(engine->checked_now(), (TestParts{"product f16", "norm rms"}));
  EXPECT_EQ(warnings_.size(), driver.lies() > 0 ? 1u : 0u);
}

TEST_F(CheckedVulkanTest, TilesAreFollowedByTexelsAndThenByPlainKernels) {
  LACUNA_NEED_VULKAN_DEVICE();
  LyingDriver driver({"product_t"});  // tiles and texels
  const auto engine = open(&driver, Kernels::tiles);
  engine->check({"product f16"});
  if (driver.lies() == 0) GTEST_SKIP() << "this device has no such kernels";
  EXPECT_EQ(engine->executor().kernels().product(graph::DType::f16), vulkan::ProductKernel::plain);
  EXPECT_EQ(warnings_.size(), 2u);
  expect_right(*engine, {"product f16"});
}

TEST_F(CheckedVulkanTest, ADotProductThatLiesIsReplacedByOneThatUnpacks) {
  LACUNA_NEED_VULKAN_DEVICE();
  LyingDriver driver({"product_codes_dot"});
  const auto engine = open(&driver, Kernels::tiles, vulkan::Precision::int8);
  if (engine->executor().kernels().codes != vulkan::CodesKernel::dot) GTEST_SKIP() << "no dot product on this device";
  engine->check({"codes", "product i8"});
  EXPECT_EQ(engine->executor().kernels().codes, vulkan::CodesKernel::tiles);
  EXPECT_EQ(engine->executor().precision(), vulkan::Precision::int8);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("codes"), std::string::npos) << warnings_[0];
}

TEST_F(CheckedVulkanTest, NarrowArithmeticThatLiesIsReplacedByFloats) {
  LACUNA_NEED_VULKAN_DEVICE();
  {
    LyingDriver driver({"product_texels_codes"});
    const auto engine = open(&driver, Kernels::texels, vulkan::Precision::int8);
    if (engine->executor().kernels().codes == vulkan::CodesKernel::texels) {
      engine->check({"codes"});
      EXPECT_EQ(engine->executor().precision(), vulkan::Precision::f32);
      EXPECT_EQ(warnings_.size(), 1u);
    }
  }
  matrices_ = false;
  LyingDriver driver({"product_halves"});
  const auto engine = open(&driver, Kernels::tiles, vulkan::Precision::bf16);
  if (engine->executor().kernels().halves == vulkan::HalvesKernel::none) GTEST_SKIP() << "no float16 arithmetic";
  engine->check({"halves"});
  EXPECT_EQ(engine->executor().precision(), vulkan::Precision::f32);
  EXPECT_EQ(warnings_.size(), 1u);
}

TEST_F(CheckedVulkanTest, HonestNarrowArithmeticIsBelieved) {
  LACUNA_NEED_VULKAN_DEVICE();
  for (const bool matrices : {true, false}) {
    const bool there = open()->executor().device().cooperative.dialect != vulkan::CooperativeMatrix::Dialect::none;
    if (!matrices && !there) break;  // it was that before
    matrices_ = matrices;
    for (const Kernels kernels : {Kernels::texels, Kernels::tiles}) {
      for (const auto precision : {vulkan::Precision::int8, vulkan::Precision::bf16}) {
        const auto engine = open(nullptr, kernels, precision);
        const KernelChoice before = engine->executor().kernels();
        TestParts parts{"codes"};
        if (precision == vulkan::Precision::bf16) parts = {"halves", "halves i8", "halves q8_0", "halves q4_0", "halves q4_1"};
        engine->check(parts);
        EXPECT_EQ(to_text(engine->executor().kernels()), to_text(before));
        EXPECT_TRUE(warnings_.empty()) << warnings_.front();
      }
    }
  }
}

/// Lies about cooperative matrices, and the kernels that are left: of products in f16 and of wide tiles.
struct MatrixLie {
  vulkan::DriverLie lie;
  vulkan::HalvesKernel left;
  const char* use;
};
class MatricesThatLie : public CheckedVulkanTest, public testing::WithParamInterface<MatrixLie> {};

TEST_P(MatricesThatLie, AreReplaced) {
  LACUNA_NEED_VULKAN_DEVICE();
  LyingDriver driver(GetParam().lie);
  const auto engine = open(&driver, Kernels::tiles, vulkan::Precision::bf16);
  if (engine->executor().kernels().halves != vulkan::HalvesKernel::cooperative) GTEST_SKIP() << "no cooperative matrices";
  KernelChoice expected = engine->executor().kernels();
  EXPECT_TRUE(step_down(expected, *vulkan::kernel_use_named(GetParam().use), engine->executor().device()));
  engine->check({"halves", "halves i8", "halves q4_1"});
  EXPECT_GT(driver.lies(), 0);
  EXPECT_EQ(to_text(engine->executor().kernels()), to_text(expected));
  EXPECT_EQ(engine->executor().kernels().halves, GetParam().left);
  EXPECT_EQ(engine->executor().precision(), vulkan::Precision::bf16);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("halves"), std::string::npos) << warnings_[0];
}

INSTANTIATE_TEST_SUITE_P(Kernels, MatricesThatLie,
                         testing::Values(MatrixLie{{"product_cooperative"}, vulkan::HalvesKernel::tiles, "halves"},
                                         MatrixLie{{"product_cooperative_i8"}, vulkan::HalvesKernel::tiles, "halves"},
                                         MatrixLie{{"product_cooperative_q4_1"}, vulkan::HalvesKernel::tiles, "halves"},
                                         // Wide tiles: four subgroups across.
                                         MatrixLie{{"product_cooperative", vulkan::DriverLie::Constant{6, 4}},
                                                   vulkan::HalvesKernel::cooperative, "wide matrices"}));

TEST_F(CheckedVulkanTest, ADeviceThatIsAlwaysWrongIsRefused) {
  LACUNA_NEED_VULKAN_DEVICE();
  LyingDriver driver({""});
  const auto engine = open(&driver);
  try {
    engine->check({"product f32"});
    ADD_FAILURE() << "a device that computes nothing right was taken";
  } catch (const graph::DeviceError& error) {
    EXPECT_EQ(error.kind(), graph::DeviceError::Kind::unsupported);
    EXPECT_NE(std::string(error.what()).find("computes wrongly"), std::string::npos) << error.what();
  }
}

const TestParts kSome{"norm rms", "norm layer"};

TEST_F(CheckedVulkanTest, AVerdictIsKeptWithTheKernels) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  LyingDriver driver({"norm"});
  KernelChoice first;
  {
    const auto engine = open(&driver);
    engine->check(kSome);
    first = engine->executor().kernels();
    EXPECT_FALSE(first.subgroup_rows);
  }
  const auto again = open(&driver);
  EXPECT_EQ(again->executor().kernels(), first);
  again->check({"norm rms", "norm layer", "swiglu"});
  EXPECT_EQ(again->checked_now(), TestParts{"swiglu"});
  EXPECT_TRUE(warnings_.empty());
  expect_right(*again, kSome);
}

TEST_F(CheckedVulkanTest, ABrokenFileIsMadeAnewWithAWarning) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  open()->check(kSome);
  const fs::path file = only_file();
  std::ofstream(file, std::ios::binary) << "not what it was";
  {
    const auto engine = open();
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find(file.filename().string()), std::string::npos) << warnings_[0];
    engine->check(kSome);
    EXPECT_EQ(engine->checked_now(), kSome);
  }
  const auto engine = open();
  engine->check(kSome);
  EXPECT_TRUE(engine->checked_now().empty());
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(CheckedVulkanTest, AnotherDriverIsCheckedAgain) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  open()->check(kSome);
  KernelCache kept = *read_kernel_cache(only_file());
  kept.checked = "an older driver" + kept.checked;
  write_kernel_cache(only_file(), kept);
  {
    const auto engine = open();
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("another driver"), std::string::npos) << warnings_[0];
    engine->check(kSome);
    EXPECT_EQ(engine->checked_now(), kSome);
  }
  open();
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(CheckedVulkanTest, KernelsOfAnotherVersionAreCheckedAgain) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  open()->check(kSome);
  KernelCache kept = *read_kernel_cache(only_file());
  ++kept.version;
  write_kernel_cache(only_file(), kept);
  const auto engine = open();
  engine->check(kSome);
  EXPECT_EQ(engine->checked_now(), kSome);
}

TEST_F(CheckedVulkanTest, TwoProcessesKeepWhatBothFound) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  {
    const auto one = open(), two = open();
    std::thread at_once([&] { one->check({"norm rms"}); });
    two->check({"swiglu"});
    at_once.join();
    one->check({"upsample"});  // one of them sees what the other has written
    two->check({"argmax"});
  }
  const auto third = open();
  third->check({"norm rms", "swiglu", "upsample", "argmax"});
  EXPECT_TRUE(third->checked_now().empty());
  EXPECT_TRUE(warnings_.empty());
}

class Tuning : public CheckedVulkanTest {
 protected:
  /// The kernels, and whether they were timed now.
  std::pair<std::string, bool> tuned(vulkan::Precision precision = vulkan::Precision::automatic) {
    tune_ = Tune::everywhere;
    const auto engine = open(nullptr, Kernels::tiles, precision);
    prepare_product(*engine);
    EXPECT_LT(engine->tune_seconds(), 20.0);
    return {to_text(engine->executor().kernels()), engine->tune_seconds() > 0.0};
  }
};

TEST_F(Tuning, IsDoneOnceForADeviceAndADriver) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  const auto first = tuned();
  if (!first.second) GTEST_SKIP() << "this device has no tiles";
  EXPECT_EQ(tuned(), std::pair(first.first, false));
  EXPECT_TRUE(warnings_.empty());

  KernelCache kept = *read_kernel_cache(only_file());
  kept.checked = "an older driver" + kept.checked;
  write_kernel_cache(only_file(), kept);
  EXPECT_TRUE(tuned().second);
  EXPECT_EQ(warnings_.size(), 1u);

  fs::resize_file(only_file(), 40);
  EXPECT_TRUE(tuned().second);
  EXPECT_EQ(warnings_.size(), 1u);
  EXPECT_FALSE(tuned().second);
}

TEST_F(Tuning, IsDoneForArithmeticIn16Bits) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  const auto first = tuned(vulkan::Precision::bf16);
  if (!first.second) GTEST_SKIP() << "this device has no tiles";
  EXPECT_EQ(tuned(vulkan::Precision::bf16), std::pair(first.first, false));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Tuning, TwoProcessesAtOnceLeaveAWholeFile) {
  LACUNA_NEED_VULKAN_DEVICE();
  cache_ = folder_ / "cache";
  tune_ = Tune::everywhere;
  {
    const auto one = open(nullptr, Kernels::tiles), two = open(nullptr, Kernels::tiles);
    std::thread at_once([&] { prepare_product(*one); });
    prepare_product(*two);
    at_once.join();
  }
  EXPECT_FALSE(tuned().second);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Tuning, NeverChangesWhatComesOut) {
  LACUNA_NEED_VULKAN_DEVICE();
  tune_ = Tune::everywhere;
  const auto engine = open(nullptr, Kernels::tiles);
  prepare_product(*engine);
  expect_right(*engine, {"product f32"});
}

TEST(KernelChoiceText, ComesBackAsItWas) {
  KernelChoice choice;
  choice.products[2] = vulkan::ProductKernel::tiles;
  choice.convolutions[1] = vulkan::ProductKernel::texels;
  choice.attention = vulkan::AttentionKernel::lanes;
  choice.subgroup_rows = true;
  choice.wide_rows = 64;
  choice.halves = vulkan::HalvesKernel::cooperative;
  choice.wide_matrix_rows = KernelChoice::kNeverWide;
  const std::string text = to_text(choice);
  EXPECT_EQ(vulkan::choice_from_text(text), choice);
  for (std::size_t i = 0; i < text.size(); ++i) EXPECT_FALSE(vulkan::choice_from_text(text.substr(0, i))) << i;
  EXPECT_FALSE(vulkan::choice_from_text(text + text));
  EXPECT_FALSE(vulkan::choice_from_text("product f32 faster\n" + text.substr(text.find('\n') + 1)));
}

}  // namespace
}  // namespace lacuna::runtime
