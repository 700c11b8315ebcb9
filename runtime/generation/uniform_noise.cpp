#include "runtime/generation/uniform_noise.h"

#include <algorithm>
#include <cmath>
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

void score_posterior(std::span<double> log_scores, std::int32_t noisy, double kept, double kept_before) {
  log_scores[std::size_t(noisy)] = 0;
  const double classes = double(log_scores.size()), peak = std::ranges::max(log_scores);
  double sum = 0;
  for (double& s : log_scores) sum += s = std::exp(s - peak);
  const double one = kept / kept_before;
  for (std::size_t j = 0; j < log_scores.size(); ++j) {
    const double before = std::max(0.0, log_scores[j] - (1 - one) / classes * sum) / one;
    log_scores[j] = before * ((1 - one) / classes + (std::int32_t(j) == noisy ? one : 0.0));
  }
}

std::vector<std::vector<std::int32_t>> undo_uniform_noise(const CleanProbabilities& network, const UniformOptions& options,
                                                          std::span<const std::int32_t> given,
                                                          std::span<const std::uint64_t> seeds,
                                                          const std::function<Continue(const UniformStep&)>& after_step) {
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
  // Where nothing is left scores say nothing; their originals leave a thousandth.
  const double least_kept = options.output == fusion::NetworkOutput::log_score ? 1e-3 : 0.0;
  const auto posterior = options.output == fusion::NetworkOutput::log_score ? score_posterior : uniform_posterior;
  for (int step = options.steps; step > 0; --step) {
    const double time = double(step) / options.steps;
    const auto kept_at = [&](double t) { return std::max(least_kept, 1 - options.schedule.mask_rate(t)); };
    const double kept = kept_at(time), before = kept_at(double(step - 1) / options.steps);
    std::vector<double> mu = network(sequences, time);
    if (mu.size() != seeds.size() * length * classes) {
      throw std::invalid_argument("[uniform_noise] expected probabilities for every position, got " + std::to_string(mu.size()));
    }
    std::vector<double> log_probs(seeds.size(), 0.0);
    for (std::size_t s = 0; s < seeds.size(); ++s) {
      for (std::size_t l = 0; l < length; ++l) {
        if (given[l] >= 0) continue;
        const std::span row(mu.data() + (s * length + l) * classes, classes);
        posterior(row, sequences[s][l], kept, before);
        const std::int32_t drawn = draw(row, uniform_of(seeds[s], step - 1, int(l)));
        log_probs[s] += std::log(row[std::size_t(drawn)] / std::accumulate(row.begin(), row.end(), 0.0));
        sequences[s][l] = drawn;
      }
    }
    if (after_step && after_step({options.steps - step + 1, sequences, log_probs}) == Continue::no) break;
  }
  return sequences;
}

}  // namespace lacuna::generation
