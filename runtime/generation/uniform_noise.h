#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fusion/models/model_family.h"
#include "fusion/noise_schedule.h"
#include "runtime/generation/continue.h"

namespace lacuna::generation {

/// What a network that undoes uniform noise says: for sequences of classes of which noise has replaced some, at `time` in
/// (0, 1], the probabilities of the clean class at every position, row-major [sequences, length, classes]. Of a network of
/// scores (NetworkOutput::log_score) the logarithms of the scores instead; those of the present classes count as 0.
using CleanProbabilities =
    std::function<std::vector<double>(std::span<const std::vector<std::int32_t>> noisy, double time)>;

/// How uniform noise is undone.
struct UniformOptions {
  int classes = 0;
  int length = 0;
  int steps = 64;
  fusion::NoiseSchedule schedule{fusion::ScheduleKind::linear};  // part of tokens that noise has touched at time t
  fusion::NetworkOutput output = fusion::NetworkOutput::clean_token;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The weights of p(x_s = j | x_t = noisy), not normalised, from the probabilities `mu` of the clean class:
/// sum over k of mu_k q(x_s = j | k) q(x_t | x_s = j) / q(x_t | k), with the untouched parts kept (t) and kept_before (s).
/// In place. D3PM, arXiv 2107.03006, equation 4 with uniform transitions.
void uniform_posterior(std::span<double> mu, std::int32_t noisy, double kept, double kept_before);

/// The same from the logarithms of scores p_t(j) / p_t(noisy): the scores carried back from t to s, at least 0, times
/// q(x_t = noisy | x_s = j). In place. SEDD, arXiv 2310.16834, section 4.2 (its analytic sampler) with uniform transitions.
void score_posterior(std::span<double> log_scores, std::int32_t noisy, double kept, double kept_before);

/// What a run has come to after one of its steps.
struct UniformStep {
  int step = 0;  // 1-based
  std::span<const std::vector<std::int32_t>> sequences;
  std::span<const double> log_probs;  // of what was drawn in this step, by sequence
};

/// Sequences drawn from random classes by `steps` reverse steps, one call of the network each; `given` has
/// one class or -1 for every position, and given classes stand in every sequence at every step. One sequence for each
/// seed; each depends on its own seed alone. `after_step` may stop the run. Throws std::invalid_argument.
std::vector<std::vector<std::int32_t>> undo_uniform_noise(const CleanProbabilities& network, const UniformOptions& options,
                                                          std::span<const std::int32_t> given,
                                                          std::span<const std::uint64_t> seeds,
                                                          const std::function<Continue(const UniformStep&)>& after_step = {});

}  // namespace lacuna::generation
