#include "runtime/cpu/cpu_executor.h"
#include "runtime/vulkan/vulkan_executor.h"
#include "tests/conformance/suite.h"
#include "tests/vulkan/need_device.h"

namespace lacuna::vulkan {
namespace {

using conformance::all_ops;
using conformance::expect_conformance;
using enum conformance::Precision;

/// Every case of one op under the validation layer, whose messages are failures.
class VulkanConformance : public testing::TestWithParam<std::string> {
 protected:
  bool without_dot_product_ = false, without_matrices_ = false, wide_ = false;
  void run(Transfer transfer, const std::vector<conformance::Precision>& precisions, Kernels kernels = Kernels::automatic,
           Precision arithmetic = Precision::automatic) {
    LACUNA_NEED_VULKAN_DEVICE();
    const auto make = [&] {
      VulkanOptions options;
      options.transfer = transfer;
      options.kernels = kernels;
      options.precision = arithmetic;
      options.restrict_device = [this](DeviceInfo& device) {
        if (without_dot_product_) device.features.integer_dot_product = false;
        if (without_matrices_) device.cooperative = {};
      };
      options.validation = Validation::on;
      options.on_message = [](const std::string& message) { ADD_FAILURE() << message; };
      auto executor = std::make_unique<VulkanExecutor>(options);
      if (!executor->validates() && std::getenv("LACUNA_REQUIRE_VULKAN") != nullptr) {
        ADD_FAILURE() << "the validation layer (vulkan-validationlayers) is not installed";
      }
      if (wide_) {
        KernelChoice kernels_used = executor->kernels();
        kernels_used.wide_matrix_rows = kernels_used.wide_matrix_columns = 1;
        executor->use(kernels_used);
      }
      return executor;
    };
    expect_conformance(GetParam(), make, precisions);
  }
};

TEST_P(VulkanConformance, MatchesTheReference) { run(Transfer::automatic, {f32, bf16, f16, int8}); }
INSTANTIATE_TEST_SUITE_P(Ops, VulkanConformance, testing::ValuesIn(all_ops()),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

/// Large products in 8 and 16 bits, in every family of kernels that has them.
class VulkanInt8Conformance : public VulkanConformance {};
TEST_P(VulkanInt8Conformance, MatchesTheReference) { run(Transfer::automatic, {int8}, Kernels::automatic, Precision::int8); }
TEST_P(VulkanInt8Conformance, MatchesTheReferenceWithTiles) { run(Transfer::automatic, {int8}, Kernels::tiles, Precision::int8); }
TEST_P(VulkanInt8Conformance, MatchesTheReferenceWithoutADotProduct) {
  without_dot_product_ = true;
  run(Transfer::automatic, {int8}, Kernels::tiles, Precision::int8);
}
INSTANTIATE_TEST_SUITE_P(Ops, VulkanInt8Conformance, testing::Values("linear", "propose", "gather_rows", "graph"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

/// The same codes as the CPU engine's, but for ties where a multiply-add is not fused, and so the same sums.
TEST(VulkanInt8, GivesWhatTheCpuEngineGives) {
  LACUNA_NEED_VULKAN_DEVICE();
  cpu::CpuExecutor expected({cpu::Precision::int8, 1});
  if (expected.precision() != cpu::Precision::int8) GTEST_SKIP() << "this processor has no int8 products";
  for (const Kernels kernels : {Kernels::texels, Kernels::tiles}) {
    VulkanOptions options;
    options.kernels = kernels;
    options.precision = Precision::int8;
    VulkanExecutor engine(options);
    if (engine.precision() != Precision::int8) continue;
    for (const conformance::Case& c : conformance::all_cases()) {
      if (c.name != "linear_65x160x257" && c.name != "linear_bias_96x192x288") continue;
      EXPECT_LE(conformance::compare(c, engine, expected, int8), 1e-3) << c.name;
      EXPECT_LE(conformance::compare(c, engine, expected, f32), 1e-3) << c.name;  // quantised when loaded
    }
  }
}

class VulkanHalfConformance : public VulkanConformance {
 protected:
  static bool has_matrices() {
    if (!why_no_device().empty()) return false;
    return VulkanExecutor(VulkanOptions{}).device().cooperative.dialect != CooperativeMatrix::Dialect::none;
  }
};
/// By cooperative matrices where the device has them, which read codes and blocks as they are stored.
TEST_P(VulkanHalfConformance, MatchesTheReference) {
  run(Transfer::automatic, {bf16, f16, int8, q8_0, q4_0, q4_1}, Kernels::tiles, Precision::bf16);
}
TEST_P(VulkanHalfConformance, MatchesTheReferenceInWideTiles) {
  if (!has_matrices()) GTEST_SKIP() << "no cooperative matrices";
  wide_ = true;
  run(Transfer::automatic, {bf16, int8, q4_1}, Kernels::tiles, Precision::bf16);
}
TEST_P(VulkanHalfConformance, MatchesTheReferenceWithoutMatrices) {
  if (!has_matrices()) GTEST_SKIP() << "no cooperative matrices, as in the test without them";
  without_matrices_ = true;
  run(Transfer::automatic, {bf16, f16}, Kernels::tiles, Precision::bf16);
}
INSTANTIATE_TEST_SUITE_P(Ops, VulkanHalfConformance,
                         testing::Values("linear", "propose", "gather_rows", "quantise_nearest", "graph"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

/// Block-quantised matrices, in every family of kernels: both sides decode the same codes and compute in f32.
class VulkanBlockConformance : public testing::TestWithParam<Kernels> {};
TEST_P(VulkanBlockConformance, MatchesTheReferenceExactly) {
  LACUNA_NEED_VULKAN_DEVICE();
  const auto make = [] {
    VulkanOptions options;
    options.kernels = GetParam();
    options.validation = Validation::on;
    options.on_message = [](const std::string& message) { ADD_FAILURE() << message; };
    return std::make_unique<VulkanExecutor>(options);
  };
  for (const char* op : {"linear", "gather_rows", "graph"}) conformance::expect_block_conformance(op, make);
}
INSTANTIATE_TEST_SUITE_P(Kernels, VulkanBlockConformance,
                         testing::Values(Kernels::automatic, Kernels::plain, Kernels::texels, Kernels::tiles));

/// As on a card with memory of its own; whole networks have inputs, weights and outputs of every kind.
class VulkanStagedConformance : public VulkanConformance {};
TEST_P(VulkanStagedConformance, MatchesTheReference) { run(Transfer::staged, {f32, int8}); }
INSTANTIATE_TEST_SUITE_P(Ops, VulkanStagedConformance, testing::Values("graph"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

/// The families of kernels that are not chosen for the device at hand, where the device can run them.
class VulkanTilesConformance : public VulkanConformance {};
TEST_P(VulkanTilesConformance, MatchesTheReference) { run(Transfer::automatic, {f32, bf16, f16, int8}, Kernels::tiles); }
INSTANTIATE_TEST_SUITE_P(Ops, VulkanTilesConformance, testing::Values("linear", "conv2d", "attention"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

class VulkanTexelsConformance : public VulkanConformance {};
TEST_P(VulkanTexelsConformance, MatchesTheReference) { run(Transfer::automatic, {f32, bf16}, Kernels::texels); }
INSTANTIATE_TEST_SUITE_P(Ops, VulkanTexelsConformance, testing::Values("linear", "conv2d"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

class VulkanPlainConformance : public VulkanConformance {};
TEST_P(VulkanPlainConformance, MatchesTheReference) { run(Transfer::automatic, {f32, int8}, Kernels::plain); }
INSTANTIATE_TEST_SUITE_P(Ops, VulkanPlainConformance, testing::Values("linear", "conv2d", "graph"),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

}  // namespace
}  // namespace lacuna::vulkan
