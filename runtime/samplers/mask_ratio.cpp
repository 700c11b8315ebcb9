#include "runtime/samplers/mask_ratio.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace lacuna::samplers {
namespace {

constexpr float kPi = 3.14159265358979323846f;

float clamped(float x) { return std::clamp(x, 1e-6f, 1.0f); }
float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

}  // namespace

MaskRatio MaskRatio::named(const std::string& name) {
  if (name == "cosine") return MaskRatio(Kind::cosine);
  if (name == "linear") return MaskRatio(Kind::linear);
  if (name == "sigmoid") return MaskRatio(Kind::sigmoid);
  float exponent = 0;
  const char* end = name.data() + name.size();
  if (name.starts_with("pow")) {
    const auto [stop, error] = std::from_chars(name.data() + 3, end, exponent);
    if (error == std::errc{} && stop == end && exponent > 0) return MaskRatio(Kind::power, exponent);
  }
  throw std::invalid_argument("[mask_ratio] expected cosine, linear, sigmoid or pow and a number, got \"" + name +
                              "\"");
}

float MaskRatio::operator()(float r) const {
  switch (kind_) {
    case Kind::cosine: return std::cos(r * kPi * 0.5f);
    case Kind::linear: return clamped(1.0f - r);
    case Kind::power: return clamped(1.0f - std::pow(r, exponent_));
    case Kind::sigmoid: {
      const float start = sigmoid(-3.0f), end = sigmoid(3.0f);
      return clamped((end - sigmoid(r * 6.0f - 3.0f)) / (end - start));
    }
  }
  return 0.0f;
}

int released_keep_count(const MaskRatio& ratio, int tokens, int unknown, int step, int steps) {
  const float share = ratio(float(double(step + 1) / double(steps)));
  const int wanted = int(std::floor(float(tokens) * share));
  return std::max(1, std::min(wanted, unknown - 1));
}

}  // namespace lacuna::samplers
