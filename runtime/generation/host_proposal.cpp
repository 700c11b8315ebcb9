#include "runtime/generation/host_proposal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "fusion/graph/philox.h"
#include "runtime/samplers/token_draw.h"

namespace lacuna::generation {

using samplers::PositionProposal;

std::vector<float> distribution_of(std::span<const float> logits, std::span<const float> unconditional,
                                   float guidance_scale, std::span<const std::int32_t> banned) {
  std::vector<double> row(logits.begin(), logits.end());
  if (!unconditional.empty()) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = unconditional[i] + double(guidance_scale) * (row[i] - unconditional[i]);
    }
  }
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  for (std::int32_t c : banned) {
    if (c >= 0 && std::size_t(c) < row.size()) row[std::size_t(c)] = kNever;
  }
  double peak = kNever;
  for (double x : row) {
    if (std::isnan(x) || x == -kNever) return {};
    peak = std::max(peak, x);
  }
  if (peak == kNever) return {};
  double total = 0;
  for (double& x : row) total += x = std::exp(x - peak);
  std::vector<float> distribution;
  for (double x : row) distribution.push_back(float(x / total));
  return distribution;
}

PositionProposal host_proposal(int position, fusion::Modality modality, const fusion::IdRange& range,
                               std::vector<float> distribution, const samplers::DrawOptions& draw, std::uint64_t seed,
                               std::uint32_t step, Keep keep) {
  const double uniform = graph::uniform_at(seed, graph::RandomStream::token, step, std::uint32_t(position));
  const int chosen = samplers::draw_class(distribution, draw, uniform);
  double entropy = 0, first = 0, second = 0;
  for (float p : distribution) {
    if (p > 0) entropy -= double(p) * std::log(double(p));
    second = std::max(second, std::min(first, double(p)));
    first = std::max(first, double(p));
  }
  PositionProposal proposal{position, modality, range.begin + chosen,
                            float(std::log(double(distribution[std::size_t(chosen)]))), float(first - second),
                            float(entropy)};
  if (keep == Keep::distribution) proposal.distribution = std::move(distribution);
  return proposal;
}

}  // namespace lacuna::generation
