#pragma once

#include <span>

#include "fusion/noise_schedule.h"

/// The two likelihood bounds of masked diffusion (arXiv 2409.02908, section 3.2), both in nats a sequence and
/// equal in expectation for a network without time input. Training multiplies cross-entropies by the same
/// weights; evaluation calls these.
namespace lacuna::fusion {

/// Token-count form: n ~ U{1..length}, exactly n positions masked, length / n * sum of their cross-entropies.
/// `cross_entropies` holds the n masked positions' -log p(x). Throws std::invalid_argument when it is empty.
double token_count_loss(std::span<const float> cross_entropies, int length);

/// Continuous-time form at time t: every position masked with probability mask_rate(t);
/// elbo_weight(t) * sum of the masked positions' cross-entropies (none masked gives 0).
double continuous_time_loss(std::span<const float> cross_entropies, const NoiseSchedule& schedule, double t);

}  // namespace lacuna::fusion
