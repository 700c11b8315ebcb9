#pragma once

#include <cstdint>
#include <span>

namespace lacuna::fusion {

/// A mean with its standard error (0 where there is one value).
struct MeanError {
  double mean = 0.0;
  double error = 0.0;
};

/// Throws std::invalid_argument when there are no values.
MeanError mean_error(std::span<const double> values);

/// Of a - b, element by element: what is common to both does not count as uncertainty. Throws std::invalid_argument
/// unless both have the same number of values, at least one.
MeanError paired_difference(std::span<const double> a, std::span<const double> b);

/// Entropy in nats of the token frequencies inside one sequence. Small where a text repeats itself, so it stands beside
/// every perplexity of generated text (arXiv 2409.02908, section 5.1).
double unigram_entropy(std::span<const std::int32_t> sequence);

}  // namespace lacuna::fusion
