#include "runtime/generation/uniform_noise.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "fusion/graph/philox.h"

namespace lacuna::generation {
namespace {

/// Inverse CDF over float64 sums.
std::int32_t draw(std::span<const double> weights, double uniform) {
  double left = uniform * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    left -= weights[k];
    if (left < 0) return std::int32_t(k);
  }
  return std::int32_t(weights.size()) - 1;
}

double uniform_of(std::uint64_t seed, int step, int position) {
  return graph::uniform_at(seed, graph::RandomStream::token, std::uint32_t(step), std::uint32_t(position));
}

}  // namespace

void UniformOptions::validate() const {
  if (classes < 2 || length < 1 || steps < 1) {
    throw std::invalid_argument("[uniform_noise] expected at least 2 classes, 1 position and 1 step, got " +
                                std::to_string(classes) + ", " + std::to_string(length) + ", " + std::to_string(steps));
  }
}

void uniform_posterior(std::span<double> mu, std::int32_t noisy, double kept, double kept_before) {
  const double classes = double(mu.size());
  double sum = 0;
  for (std::size_t k = 0; k < mu.size(); ++k) {
    mu[k] /= (1 - kept) / classes + (std::int32_t(k) == noisy ? kept : 0.0);
    sum += mu[k];
  }
  const double one = kept / kept_before;
  for (std::size_t j = 0; j < mu.size(); ++j) {
    mu[j] = (kept_before * mu[j] + (1 - kept_before) / classes * sum) *
            ((1 - one) / classes + (std::int32_t(j) == noisy ? one : 0.0));
  }
}

std::vector<std::vector<std::int32_t>> undo_uniform_noise(const CleanProbabilities& network, const UniformOptions& options,
                                                          std::span<const std::int32_t> given,
                                                          std::span<const std::uint64_t> seeds) {
  options.validate();
  const auto length = std::size_t(options.length), classes = std::size_t(options.classes);
  if (given.size() != length || std::ranges::any_of(given, [&](std::int32_t k) { return k < -1 || k >= options.classes; })) {
    throw std::invalid_argument("[uniform_noise] expected a class or -1 for each of " + std::to_string(length) + " positions");
  }
  std::vector<std::vector<std::int32_t>> sequences(seeds.size(), {given.begin(), given.end()});
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    for (std::size_t l = 0; l < length; ++l) {
      if (given[l] >= 0) continue;
      const double u = uniform_of(seeds[s], options.steps, int(l));
      sequences[s][l] = std::min(std::int32_t(u * double(classes)), options.classes - 1);
    }
  }
  for (int step = options.steps; step > 0; --step) {
    const double time = double(step) / options.steps;
    const double kept = 1 - options.schedule.mask_rate(time);
    const double before = 1 - options.schedule.mask_rate(double(step - 1) / options.steps);
    std::vector<double> mu = network(sequences, time);
    if (mu.size() != seeds.size() * length * classes) {
      throw std::invalid_argument("[uniform_noise] expected probabilities for every position, got " + std::to_string(mu.size()));
    }
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      for (std::size_t l = 0; l < length; ++l) {
        if (given[l] >= 0) continue;
        const std::span row(mu.data() + (s * length + l) * classes, classes);
        uniform_posterior(row, sequences[s][l], kept, before);
        sequences[s][l] = draw(row, uniform_of(seeds[s], step - 1, int(l)));
      }
    }
  }
  return sequences;
}

}  // namespace lacuna::generation
