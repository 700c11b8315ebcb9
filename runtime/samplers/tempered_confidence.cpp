#include "runtime/samplers/tempered_confidence.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lacuna::samplers {
namespace {

constexpr float kFloor = 1e-20f;

float safe_log(float x) { return std::log(std::max(x, kFloor)); }

}  // namespace

float gumbel_f32(float uniform) { return -safe_log(-safe_log(uniform)); }

float tempered_confidence(float probability, float temperature, float uniform) {
  return safe_log(probability) + temperature * gumbel_f32(uniform);
}

std::vector<std::uint8_t> remask_below(std::span<const float> confidence, int keep_masked) {
  if (keep_masked < 0 || std::size_t(keep_masked) >= confidence.size()) {
    throw std::invalid_argument("[remask_below] expected a rank in [0, " + std::to_string(confidence.size()) +
                                "), got " + std::to_string(keep_masked));
  }
  std::vector<float> sorted(confidence.begin(), confidence.end());
  std::ranges::nth_element(sorted, sorted.begin() + keep_masked);
  const float cut = sorted[std::size_t(keep_masked)];
  std::vector<std::uint8_t> remasked;
  for (float c : confidence) remasked.push_back(c < cut ? 1 : 0);
  return remasked;
}

}  // namespace lacuna::samplers
