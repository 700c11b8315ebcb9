#include "fusion/noise_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace lacuna::fusion {
namespace {

using std::numbers::pi;
constexpr std::array<std::string_view, 5> kNames{"linear", "cosine", "arccos", "polynomial", "arcsin"};

}  // namespace

NoiseSchedule::NoiseSchedule(ScheduleKind kind, double power) : kind_(kind), power_(power) {
  if (!(power > 0) || !std::isfinite(power)) {
    throw std::invalid_argument("[noise_schedule] expected a power > 0, got " + std::to_string(power));
  }
}

NoiseSchedule NoiseSchedule::named(std::string_view name) {
  const auto it = std::ranges::find(kNames, name);
  if (it == kNames.end()) {
    throw std::invalid_argument("[noise_schedule] expected linear, cosine, arccos, polynomial or arcsin, got \"" +
                                std::string(name) + "\"");
  }
  return NoiseSchedule(ScheduleKind(it - kNames.begin()));
}

std::span<const std::string_view> NoiseSchedule::names() { return kNames; }

double NoiseSchedule::mask_rate(double t) const {
  t = std::clamp(t, 0.0, 1.0);
  if (t == 0.0 || t == 1.0) return t;
  switch (kind_) {
    case ScheduleKind::linear: return t;
    case ScheduleKind::cosine: return std::cos(pi / 2 * (1 - t));
    case ScheduleKind::arccos: return 2 / pi * std::acos(1 - t);
    case ScheduleKind::polynomial: return std::pow(t, power_);
    case ScheduleKind::arcsin: return 2 / pi * std::asin(t);
  }
  return t;
}

double NoiseSchedule::derivative(double t) const {
  switch (kind_) {
    case ScheduleKind::linear: return 1.0;
    case ScheduleKind::cosine: return pi / 2 * std::sin(pi / 2 * (1 - t));
    case ScheduleKind::arccos: return 2 / pi / std::sqrt(t * (2 - t));
    case ScheduleKind::polynomial: return power_ * std::pow(t, power_ - 1);
    case ScheduleKind::arcsin: return 2 / pi / std::sqrt(1 - t * t);
  }
  return 1.0;
}

std::vector<int> masked_after_steps(const NoiseSchedule& schedule, int masked, int steps) {
  if (steps < 1 || masked < 0) {
    throw std::invalid_argument("[masked_after_steps] expected steps >= 1 and masked >= 0, got " +
                                std::to_string(steps) + " and " + std::to_string(masked));
  }
  std::vector<int> counts;
  int left = masked;
  for (int k = 1; k <= steps; ++k) {
    const double rate = schedule.mask_rate(1.0 - double(k) / steps);
    // The guard keeps products such as 12 * (1/3) from falling below the integer they stand for.
    const int wanted = k == steps ? 0 : int(std::floor(masked * rate + 1e-9));
    left = std::max(0, std::min(wanted, left - 1));
    counts.push_back(left);
  }
  return counts;
}

}  // namespace lacuna::fusion
