#pragma once

#include <span>

namespace lacuna::evaluation {

/// An estimate with its 95 % confidence interval.
struct Estimate {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// A share of successes with Wilson's score interval. Throws std::invalid_argument unless
/// 0 <= successes <= trials and trials > 0.
Estimate share(int successes, int trials);

/// A mean with the normal interval. Throws std::invalid_argument when there are no values.
Estimate mean(std::span<const double> values);

}  // namespace lacuna::evaluation
