#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::samplers {

/// The share of codes that stays masked when a share r of the steps is done, computed in float32 in the order of
/// MMaDA's and Show-o's code, because where share times count falls beside an integer, rounding decides:
///   cosine   cos(r pi / 2)
///   linear   1 - r               clamped to [1e-6, 1]
///   power    1 - r^exponent      clamped to [1e-6, 1]
///   sigmoid  falling from 1 to 0 between sigmoid(-3) and sigmoid(3), clamped to [1e-6, 1]
class MaskRatio {
 public:
  enum class Kind : std::uint8_t { cosine, linear, power, sigmoid };

  MaskRatio() = default;
  explicit MaskRatio(Kind kind, float exponent = 2.0f) : kind_(kind), exponent_(exponent) {}
  /// "cosine", "linear", "sigmoid", "pow2", "pow0.5", ... Throws std::invalid_argument.
  static MaskRatio named(const std::string& name);

  float operator()(float r) const;

 private:
  Kind kind_ = Kind::cosine;
  float exponent_ = 2.0f;
};

/// How many of `tokens` codes the released code leaves masked after step `step` (0-based) of `steps`, when `unknown`
/// were masked before it: floor(tokens * ratio), less than unknown, at least 1, also in the last step.
int released_keep_count(const MaskRatio& ratio, int tokens, int unknown, int step, int steps);

}  // namespace lacuna::samplers
