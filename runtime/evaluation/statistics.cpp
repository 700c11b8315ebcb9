#include "runtime/evaluation/statistics.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "fusion/statistics.h"

namespace lacuna::evaluation {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the normal distribution

}  // namespace

Estimate share(int successes, int trials) {
  if (trials < 1 || successes < 0 || successes > trials) {
    throw std::invalid_argument("[share] expected 0 <= successes <= trials and trials > 0, got " +
                                std::to_string(successes) + " of " + std::to_string(trials));
  }
  const double n = trials, p = successes / n;
  const double centre = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ / (1 + kZ * kZ / n) * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {p, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Estimate mean(std::span<const double> values) {
  const auto [average, error] = fusion::mean_error(values);
  return {average, average - kZ * error, average + kZ * error};
}

}  // namespace lacuna::evaluation
