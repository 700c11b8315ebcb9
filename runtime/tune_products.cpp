#include "runtime/tune_products.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "fusion/graph/graph_builder.h"

namespace lacuna::runtime {
namespace {

using graph::DType;
using vulkan::HalvesKernel;
using vulkan::KernelChoice;
using vulkan::ProductKernel;

constexpr std::int64_t kWidth = 1024;
constexpr int kProducts = 8;  // in a row, so that what a run costs besides them counts little
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

  /// Seconds of some products of `rows` rows; nothing when there is no time left.
  std::optional<double> time(const KernelChoice& kernels, std::int64_t rows) {
    // A run that counts and one before it.
    if (now() + 2.0 * seconds_of_a_row_ * double(rows) >= end_) return std::nullopt;
    graph::GraphBuilder b;
    // Nothing large goes to the device or comes back.
    const graph::Value w = b.weight("w", {kWidth, kWidth});
    graph::Value x = b.gather_rows(w, b.input("ids", DType::i32, {rows}));
    for (int i = 0; i < kProducts; ++i) x = b.linear(x, w);
    b.output("y", b.slice(x, {.axis = 0, .begin = 0, .end = 1}));
    engine_.use(kernels);
    const double compiling = engine_.pipeline_seconds();
    const auto plan = engine_.prepare(b.finish(), matrix_);
    end_ += engine_.pipeline_seconds() - compiling;
    std::vector<graph::HostTensor> inputs, outputs;
    inputs.emplace_back(DType::i32, graph::Shape{rows});
    outputs.emplace_back(DType::f32, graph::Shape{1, kWidth});
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

constexpr double kClearly = 0.95;  // of the time: what is no faster than that may be chance

/// What timing two sizes of tiles, and another kernel beside them, has shown.
struct Timings {
  std::int64_t known_to = 0;                            // rows up to which both sizes were timed
  std::uint32_t wide_from = KernelChoice::kNeverWide;  // so many rows, wide tiles are clearly faster
  bool other_wins = false;                              // clearly, for every number of rows
};
Timings time_tiles(Stopwatch& watch, const KernelChoice& narrow, const std::optional<KernelChoice>& wide,
                   const std::optional<KernelChoice>& other) {
  Timings found;
  found.other_wins = other.has_value();
  for (const std::int64_t rows : kRows) {
    const auto narrow_time = watch.time(narrow, rows);
    const auto wide_time = wide ? watch.time(*wide, rows) : std::nullopt;
    const auto other_time = found.other_wins ? watch.time(*other, rows) : std::nullopt;
    if (narrow_time && wide_time) {
      const bool faster = *wide_time < kClearly * *narrow_time;
      if (!faster) found.wide_from = KernelChoice::kNeverWide;
      if (faster && found.wide_from == KernelChoice::kNeverWide) found.wide_from = std::uint32_t(rows);
      found.known_to = rows;
    }
    const double tiles = std::min(narrow_time.value_or(0.0), wide_time.value_or(narrow_time.value_or(0.0)));
    found.other_wins = found.other_wins && narrow_time && other_time && *other_time < kClearly * tiles;
  }
  return found;
}

/// Where no time was left for more rows, what was chosen for these stays.
std::uint32_t wide_from(const Timings& found, std::uint32_t given) {
  if (found.known_to == kRows.back() || found.wide_from != KernelChoice::kNeverWide) return found.wide_from;
  return std::max(given, std::uint32_t(found.known_to) + 1);
}

void tune_tiles(Stopwatch& watch, KernelChoice given, const vulkan::DeviceInfo& device, KernelChoice& tuned) {
  if (given.halves == HalvesKernel::cooperative) given.halves = HalvesKernel::none;
  const bool has_wide = given.wide_rows != KernelChoice::kNeverWide;
  KernelChoice narrow = given, wide = given;
  narrow.wide_rows = KernelChoice::kNeverWide;
  wide.wide_rows = wide.wide_columns = 1;
  const KernelChoice texels = with_texels(given, device);
  const bool has_texels = texels.product(DType::f16) == ProductKernel::texels;
  const Timings found = time_tiles(watch, narrow, has_wide ? std::optional(wide) : std::nullopt,
                                   has_texels ? std::optional(texels) : std::nullopt);
  if (found.other_wins) tuned.products = texels.products;
  if (has_wide) tuned.wide_rows = wide_from(found, given.wide_rows);
}

/// Cooperative matrices, and float16 tiles beside them.
void tune_matrices(Stopwatch& watch, const KernelChoice& given, const vulkan::DeviceInfo& device, KernelChoice& tuned) {
  const bool has_wide = given.wide_matrix_rows != KernelChoice::kNeverWide;
  KernelChoice narrow = given, wide = given, simpler = given;
  narrow.wide_matrix_rows = KernelChoice::kNeverWide;
  wide.wide_matrix_rows = wide.wide_matrix_columns = 1;
  step_down(simpler, {vulkan::KernelUse::Kind::halves, {}}, device);
  const Timings found = time_tiles(watch, narrow, has_wide ? std::optional(wide) : std::nullopt, simpler);
  if (found.other_wins) tuned.halves = simpler.halves;
  if (has_wide) tuned.wide_matrix_rows = wide_from(found, given.wide_matrix_rows);
}

}  // namespace

Tuning tune_products(vulkan::VulkanExecutor& engine, double budget) {
  const double start = now();
  const KernelChoice given = engine.kernels();
  Tuning tuning{given};
  if (given.product(DType::f16) != ProductKernel::tiles) return tuning;
  Stopwatch watch(engine, budget);
  try {
    // The first, because there they are what most of the work is done in.
    if (given.halves == HalvesKernel::cooperative) tune_matrices(watch, given, engine.device(), tuning.kernels);
    tune_tiles(watch, given, engine.device(), tuning.kernels);
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
