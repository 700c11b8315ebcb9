#include "runtime/samplers/token_draw.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace lacuna::samplers {
namespace {

/// Sets to 0 what lies outside the `top_k` largest, then outside the smallest set with mass >= top_p.
void filter(std::vector<double>& weights, const DrawOptions& draw) {
  std::vector<int> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int a, int b) { return weights[std::size_t(a)] > weights[std::size_t(b)]; });
  std::size_t kept = draw.top_k > 0 ? std::min(order.size(), std::size_t(draw.top_k)) : order.size();
  double total = 0, mass = 0;
  for (std::size_t i = 0; i < kept; ++i) total += weights[std::size_t(order[i])];
  for (std::size_t i = 0; i < kept; ++i) {
    mass += weights[std::size_t(order[i])];
    if (mass >= double(draw.top_p) * total) kept = i + 1;
  }
  for (std::size_t i = kept; i < order.size(); ++i) weights[std::size_t(order[i])] = 0;
}

}  // namespace

int draw_class(std::span<const float> weights, const DrawOptions& draw, double uniform) {
  const auto peak = std::ranges::max_element(weights);
  if (peak == weights.end() || !(*peak > 0)) {
    throw std::invalid_argument("[draw] expected a class of positive probability, there is none");
  }
  if (draw.temperature == 0.0f) return int(peak - weights.begin());
  std::vector<double> scaled(weights.begin(), weights.end());
  if (draw.temperature != 1.0f) {
    for (double& w : scaled) w = w > 0 ? std::pow(w / double(*peak), 1.0 / double(draw.temperature)) : 0.0;
  }
  if (draw.top_k > 0 || draw.top_p < 1.0f) filter(scaled, draw);
  double rest = uniform * std::accumulate(scaled.begin(), scaled.end(), 0.0);
  int last = 0;
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    if (scaled[i] <= 0) continue;
    last = int(i);
    rest -= scaled[i];
    if (rest < 0) break;
  }
  return last;
}

}  // namespace lacuna::samplers
