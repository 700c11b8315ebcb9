#include "runtime/tune_products.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "fusion/graph/graph_builder.h"

namespace lacuna::runtime {
namespace {

using graph::DType;
using vulkan::KernelChoice;
using vulkan::ProductKernel;

constexpr std::int64_t kWidth = 1024;
constexpr std::array<std::int64_t, 3> kRows{64, 256, 1024};

/// A matrix of zeros in f16: what is in it costs no time.
class Matrix final : public graph::WeightSource {
 public:
  const graph::WeightView* find(std::string_view name) const override { return name == "w" ? &view_ : nullptr; }

 private:
  std::vector<std::byte> bytes_ = std::vector<std::byte>(std::size_t(kWidth * kWidth) * 2);
  graph::WeightView view_{DType::f16, {kWidth, kWidth}, bytes_};
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Stopwatch {
 public:
  Stopwatch(vulkan::VulkanExecutor& engine, double budget) : engine_(engine), end_(now() + budget) {}

  /// Seconds of a product of `rows` rows; nothing when there is no time left.
  std::optional<double> time(const KernelChoice& kernels, std::int64_t rows) {
    // A run that counts and one before it.
    if (now() + 2.0 * seconds_of_a_row_ * double(rows) >= end_) return std::nullopt;
    graph::GraphBuilder b;
    b.output("y", b.linear(b.input("x", DType::f32, {rows, kWidth}), b.weight("w", {kWidth, kWidth})));
    engine_.use(kernels);
    const auto plan = engine_.prepare(b.finish(), matrix_);
    std::vector<graph::HostTensor> inputs, outputs;
    inputs.emplace_back(DType::f32, graph::Shape{rows, kWidth});
    outputs.emplace_back(DType::f32, graph::Shape{rows, kWidth});
    plan->run(inputs, outputs);  // drivers compile and clocks rise
    double best = 1e30;
    for (int i = 0; i < 3 && (i == 0 || now() < end_); ++i) {
      const double start = now();
      plan->run(inputs, outputs);
      best = std::min(best, now() - start);
    }
    ++measured_;
    seconds_of_a_row_ = best / double(rows);
    return best;
  }
  int measured() const { return measured_; }

 private:
  vulkan::VulkanExecutor& engine_;
  double end_, seconds_of_a_row_ = 0.0;
  int measured_ = 0;
  std::shared_ptr<const Matrix> matrix_ = std::make_shared<const Matrix>();
};

KernelChoice with_texels(KernelChoice kernels, const vulkan::DeviceInfo& device) {
  for (const DType stored : vulkan::kStoredTypes) {
    const vulkan::KernelUse use{vulkan::KernelUse::Kind::product, stored};
    if (kernels.product(stored) == ProductKernel::tiles) step_down(kernels, use, device);
  }
  return kernels;
}

}  // namespace

Tuning tune_products(vulkan::VulkanExecutor& engine, double budget) {
  constexpr double kClearly = 0.95;  // of the time: what is no faster than that may be chance
  const double start = now();
  const KernelChoice given = engine.kernels();
  Tuning tuning{given};
  if (given.product(DType::f16) != ProductKernel::tiles) return tuning;
  KernelChoice narrow = given, wide = given;
  narrow.wide_rows = KernelChoice::kNeverWide;
  wide.wide_rows = wide.wide_columns = 1;
  const KernelChoice texels = with_texels(given, engine.device());
  const bool has_texels = texels.product(DType::f16) == ProductKernel::texels;
  const bool has_wide = given.wide_rows != KernelChoice::kNeverWide;
  Stopwatch watch(engine, budget);
  try {
    bool texels_win = has_texels;
    std::uint32_t wide_from = given.wide_rows;
    bool known = false;
    for (const std::int64_t rows : kRows) {
      const auto narrow_time = watch.time(narrow, rows);
      const auto wide_time = has_wide ? watch.time(wide, rows) : std::nullopt;
      const auto texel_time = texels_win ? watch.time(texels, rows) : std::nullopt;
      if (narrow_time && wide_time) {
        const bool faster = *wide_time < kClearly * *narrow_time;
        if (faster && (!known || wide_from == KernelChoice::kNeverWide)) wide_from = std::uint32_t(rows);
        if (!faster) wide_from = KernelChoice::kNeverWide;
        known = true;
      }
      const double tiles = std::min(narrow_time.value_or(0.0), wide_time.value_or(narrow_time.value_or(0.0)));
      texels_win = texels_win && narrow_time && texel_time && *texel_time < kClearly * tiles;
    }
    tuning.kernels = texels_win ? texels : given;
    if (known && has_wide) tuning.kernels.wide_rows = wide_from;
  } catch (...) {
    engine.use(given);
    throw;
  }
  engine.use(given);
  tuning.seconds = now() - start;
  tuning.measured = watch.measured();
  return tuning;
}

}  // namespace lacuna::runtime
