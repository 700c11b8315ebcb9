#include "fusion/masked_diffusion_loss.h"

#include <numeric>
#include <stdexcept>

namespace lacuna::fusion {

double token_count_loss(std::span<const float> cross_entropies, int length) {
  if (cross_entropies.empty()) {
    throw std::invalid_argument("[token_count_loss] expected at least one masked position, got none");
  }
  const double sum = std::accumulate(cross_entropies.begin(), cross_entropies.end(), 0.0);
  return sum * length / double(cross_entropies.size());
}

double continuous_time_loss(std::span<const float> cross_entropies, const NoiseSchedule& schedule, double t) {
  const double sum = std::accumulate(cross_entropies.begin(), cross_entropies.end(), 0.0);
  return cross_entropies.empty() ? 0.0 : schedule.elbo_weight(t) * sum;
}

}  // namespace lacuna::fusion
