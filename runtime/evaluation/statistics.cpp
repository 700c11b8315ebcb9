#include "runtime/evaluation/statistics.h"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

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
  if (values.empty()) throw std::invalid_argument("[mean] expected at least one value, got none");
  const double n = double(values.size());
  const double average = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (double v : values) squares += (v - average) * (v - average);
  const double half = values.size() > 1 ? kZ * std::sqrt(squares / (n - 1) / n) : 0.0;
  return {average, average - half, average + half};
}

}  // namespace lacuna::evaluation
