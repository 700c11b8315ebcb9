#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lacuna::laboratory {

/// What a planted chain is made from.
struct ChainOptions {
  int states = 64;       // K
  int length = 64;       // L
  double scale = 1.5;    // of the normal numbers whose softmax are the rows of the transition matrix
  std::uint64_t seed = 7;

  /// Throws std::invalid_argument naming the field: 2 to 1024 states, length 1 to 1024, scale 0 to 20, and
  /// states^2 * length up to 3e7 (their powers are kept).
  void validate() const;
};

/// A first-order Markov chain in its stationary distribution: a distribution over sequences whose every conditional is
/// known, so that a sampler can be tested apart from any network.
class PlantedChain {
 public:
  /// Throws std::invalid_argument.
  explicit PlantedChain(const ChainOptions& options);

  int states() const { return states_; }
  int length() const { return length_; }

  /// P(x_l = k | the visible states), for every k: transition powers from the nearest visible state on the left (the
  /// stationary distribution where there is none) and to the nearest on the right. `sequence` holds states, -1 = masked;
  /// `out` has states() elements.
  void posterior(std::span<const int> sequence, int position, std::span<double> out) const;

  /// -log P(sequence), nats.
  double negative_log_likelihood(std::span<const int> sequence) const;

  /// Its expectation: length times the log of the exact perplexity.
  double entropy() const;
  /// exp(entropy() / length()).
  double perplexity() const;

  /// A sequence drawn from left to right; `draw(i)` gives the i-th uniform in (0, 1).
  template <class Draw>
  std::vector<int> sample(Draw&& draw) const {
    std::vector<int> sequence(std::size_t(length_), -1);
    std::vector<double> row(static_cast<std::size_t>(states_));
    for (int l = 0; l < length_; ++l) {
      posterior(sequence, l, row);
      sequence[std::size_t(l)] = draw_from(row, draw(l));
    }
    return sequence;
  }

  /// Inverse CDF of weights that need not sum to 1.
  static int draw_from(std::span<const double> weights, double uniform);

 private:
  const double* power(int distance, int from) const {
    return &powers_[(std::size_t(distance) * std::size_t(states_) + std::size_t(from)) * std::size_t(states_)];
  }
  /// The transposed power: P^distance[., to].
  const double* power_to(int distance, int to) const {
    return &transposed_[(std::size_t(distance) * std::size_t(states_) + std::size_t(to)) * std::size_t(states_)];
  }

  int states_ = 0, length_ = 0;
  std::vector<double> stationary_;
  std::vector<double> powers_, transposed_;  // [length + 1, K, K]
};

}  // namespace lacuna::laboratory
