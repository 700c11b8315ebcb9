#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fusion/noise_schedule.h"

namespace lacuna::generation {

/// What a network that undoes uniform noise says: for sequences of classes of which noise has replaced some, at `time` in
/// (0, 1], the probabilities of the clean class at every position, row-major [sequences, length, classes].
using CleanProbabilities =
    std::function<std::vector<double>(std::span<const std::vector<std::int32_t>> noisy, double time)>;

/// How uniform noise is undone.
struct UniformOptions {
  int classes = 0;
  int length = 0;
  int steps = 64;
  fusion::NoiseSchedule schedule{fusion::ScheduleKind::linear};  // part of tokens that noise has touched at time t

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The weights of p(x_s = j | x_t = noisy), not normalised, from the probabilities `mu` of the clean class:
/// sum over k of mu_k q(x_s = j | k) q(x_t | x_s = j) / q(x_t | k), with the untouched parts kept (t) and kept_before (s).
/// In place. D3PM, arXiv 2107.03006, equation 4 with uniform transitions.
void uniform_posterior(std::span<double> mu, std::int32_t noisy, double kept, double kept_before);

/// Sequences drawn from random classes by `steps` reverse steps, one call of the network each; `given` has
/// one class or -1 for every position, and given classes stand in every sequence at every step. One sequence for each
/// seed; each depends on its own seed alone. Throws std::invalid_argument.
std::vector<std::vector<std::int32_t>> undo_uniform_noise(const CleanProbabilities& network, const UniformOptions& options,
                                                          std::span<const std::int32_t> given,
                                                          std::span<const std::uint64_t> seeds);

}  // namespace lacuna::generation
