#include "tools/bench/yardsticks.h"

#include <algorithm>

#include "fusion/graph/executor.h"
#include "tools/bench/peak.h"

namespace lacuna::bench {
namespace {

class ProcessorYardsticks final : public Yardsticks {
 public:
  ProcessorYardsticks(int threads, Clock clock) : threads_(clock == Clock::wall ? threads : 1), clock_(clock) {}
  std::optional<double> ceiling() override {
    if (const auto peak = register_peak(cpu::Precision::f32, threads_, clock_)) {
      ceiling_ = std::max(ceiling_.value_or(0.0), *peak);
    }
    return ceiling_;
  }
  std::optional<double> classic_tile(std::int64_t, std::int64_t, std::int64_t) override { return std::nullopt; }

 private:
  int threads_;
  Clock clock_;
  std::optional<double> ceiling_;
};

}  // namespace

std::unique_ptr<Yardsticks> processor_yardsticks(int threads, Clock clock) {
  return std::make_unique<ProcessorYardsticks>(threads, clock);
}

#ifndef LACUNA_HAS_VULKAN_ENGINE
std::unique_ptr<Yardsticks> vulkan_yardsticks(int, Clock) {
  throw graph::DeviceError(graph::DeviceError::Kind::unsupported, "this build has no Vulkan engine");
}
#endif

}  // namespace lacuna::bench
