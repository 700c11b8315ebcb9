#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lacuna::fusion {

enum class ScheduleKind : std::uint8_t { linear, cosine, arccos, polynomial, arcsin };

/// How much of a canvas is masked at time t, from 0 (clean) to 1 (all masked): mask_rate(t) = 1 - alpha_t.
///   linear      t                        (MDLM, LLaDA)
///   cosine      cos(pi/2 (1 - t))        (MaskGIT; gamma(r) = cos(pi r / 2) with r = 1 - t)
///   arccos      2/pi arccos(1 - t)       (Halton-MaskGIT, UniDisc; slow at first)
///   polynomial  t^power
///   arcsin      2/pi arcsin(t)           (arccos run backwards; fast at first)
class NoiseSchedule {
 public:
  /// Throws std::invalid_argument for a power that is not positive and finite.
  explicit NoiseSchedule(ScheduleKind kind = ScheduleKind::linear, double power = 2.0);
  /// By name: "linear", "cosine", "arccos", "polynomial", "arcsin". Throws std::invalid_argument listing the names.
  static NoiseSchedule named(std::string_view name);
  static std::span<const std::string_view> names();

  ScheduleKind kind() const { return kind_; }
  /// t in [0, 1] -> [0, 1], increasing, mask_rate(0) = 0, mask_rate(1) = 1.
  double mask_rate(double t) const;
  /// d mask_rate / dt; may be infinite at an end.
  double derivative(double t) const;
  /// Weight of the cross-entropy of a masked token in the continuous-time bound:
  /// -alpha'_t / (1 - alpha_t) = derivative / mask_rate (arXiv 2409.02908, equation 4; 1/t when linear).
  double elbo_weight(double t) const { return derivative(t) / mask_rate(t); }

 private:
  ScheduleKind kind_;
  double power_;
};

/// How many of `masked` positions are still masked after each of `steps` steps (last = 0): the k-th entry is
/// floor(masked * mask_rate(1 - k / steps)), at least one position being revealed each step while any is left
/// and none in the steps after that. More steps than positions leave trailing zeros; never an error.
/// Throws std::invalid_argument for steps < 1 or masked < 0.
std::vector<int> masked_after_steps(const NoiseSchedule& schedule, int masked, int steps);

}  // namespace lacuna::fusion
