#include "runtime/laboratory/planted_chain.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>

#include "fusion/graph/philox.h"

namespace lacuna::laboratory {
namespace {

/// A standard normal number for a cell of the matrix (Box-Muller).
double normal_at(std::uint64_t seed, std::uint32_t row, std::uint32_t column) {
  const double u = graph::uniform_at(seed, graph::RandomStream::data, 2 * row, column);
  const double v = graph::uniform_at(seed, graph::RandomStream::data, 2 * row + 1, column);
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

}  // namespace

void ChainOptions::validate() const {
  const auto require = [](bool ok, const char* field, const char* range, double got) {
    if (!ok) {
      throw std::invalid_argument(std::string("[planted_chain] expected ") + field + " " + range + ", got " +
                                  std::to_string(got));
    }
  };
  require(states >= 2 && states <= 1024, "states", "from 2 to 1024", states);
  require(length >= 1 && length <= 1024, "length", "from 1 to 1024", length);
  require(double(states) * states * length <= 3e7, "states^2 * length", "up to 3e7",
          double(states) * states * length);
  require(scale >= 0 && scale <= 20, "scale", "from 0 to 20", scale);
}

PlantedChain::PlantedChain(const ChainOptions& options) {
  options.validate();
  states_ = options.states;
  length_ = options.length;
  const auto k = std::size_t(states_), square = k * k;
  powers_.assign((std::size_t(length_) + 1) * square, 0.0);
  for (std::size_t a = 0; a < k; ++a) powers_[a * k + a] = 1.0;
  double* step = &powers_[square];
  for (std::size_t a = 0; a < k; ++a) {
    double total = 0;
    for (std::size_t b = 0; b < k; ++b) {
      total += step[a * k + b] = std::exp(options.scale * normal_at(options.seed, std::uint32_t(a), std::uint32_t(b)));
    }
    for (std::size_t b = 0; b < k; ++b) step[a * k + b] /= total;
  }
  for (int d = 2; d <= length_; ++d) {
    const double* before = &powers_[std::size_t(d - 1) * square];
    double* now = &powers_[std::size_t(d) * square];
    for (std::size_t a = 0; a < k; ++a) {
      for (std::size_t c = 0; c < k; ++c) {
        for (std::size_t b = 0; b < k; ++b) now[a * k + b] += before[a * k + c] * step[c * k + b];
      }
    }
  }
  transposed_.resize(powers_.size());
  for (std::size_t d = 0; d <= std::size_t(length_); ++d) {
    for (std::size_t a = 0; a < k; ++a) {
      for (std::size_t b = 0; b < k; ++b) transposed_[d * square + b * k + a] = powers_[d * square + a * k + b];
    }
  }
  stationary_.assign(k, 1.0 / double(k));
  for (int i = 0; i < 2000; ++i) {
    std::vector<double> next(k, 0.0);
    for (std::size_t a = 0; a < k; ++a) {
      for (std::size_t b = 0; b < k; ++b) next[b] += stationary_[a] * step[a * k + b];
    }
    stationary_ = std::move(next);
  }
}

void PlantedChain::posterior(std::span<const int> sequence, int position, std::span<double> out) const {
  int left = position - 1, right = position + 1;
  while (left >= 0 && sequence[std::size_t(left)] < 0) --left;
  while (right < length_ && sequence[std::size_t(right)] < 0) ++right;
  const double* from = left >= 0 ? power(position - left, sequence[std::size_t(left)]) : stationary_.data();
  const double* to = right < length_ ? power_to(right - position, sequence[std::size_t(right)]) : nullptr;
  double total = 0;
  for (std::size_t k = 0; k < std::size_t(states_); ++k) total += out[k] = from[k] * (to ? to[k] : 1.0);
  for (double& p : out) p /= total;
}

double PlantedChain::negative_log_likelihood(std::span<const int> sequence) const {
  double sum = -std::log(stationary_[std::size_t(sequence[0])]);
  for (std::size_t l = 1; l < sequence.size(); ++l) sum -= std::log(power(1, sequence[l - 1])[sequence[l]]);
  return sum;
}

double PlantedChain::entropy() const {
  double first = 0, rate = 0;
  for (int a = 0; a < states_; ++a) {
    const double p = stationary_[std::size_t(a)];
    first -= p * std::log(p);
    for (int b = 0; b < states_; ++b) {
      const double q = power(1, a)[b];
      if (q > 0) rate -= p * q * std::log(q);
    }
  }
  return first + (length_ - 1) * rate;
}

double PlantedChain::perplexity() const { return std::exp(entropy() / length_); }

int PlantedChain::draw_from(std::span<const double> weights, double uniform) {
  double rest = uniform * std::accumulate(weights.begin(), weights.end(), 0.0);
  int last = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] <= 0) continue;
    last = int(k);
    rest -= weights[k];
    if (rest < 0) break;
  }
  return last;
}

}  // namespace lacuna::laboratory
