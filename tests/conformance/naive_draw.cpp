#include "tests/conformance/naive_draw.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace lacuna::conformance {
namespace {

std::vector<double> softmax(const std::vector<double>& logits, double temperature) {
  const double peak = *std::ranges::max_element(logits);
  std::vector<double> p;
  for (double x : logits) p.push_back(std::exp((x - peak) / temperature));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

}  // namespace

std::vector<double> naive_cumulative(const std::vector<double>& logits, const graph::SamplingParameters& s) {
  const std::size_t n = logits.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return logits[i]; });
  std::vector<double> p(n, 0.0);
  if (s.temperature == 0.0f) {
    p[order[0]] = 1.0;
  } else {
    p = softmax(logits, double(s.temperature));
    std::size_t kept = n;
    if (s.top_k > 0.0f) kept = std::min(n, std::size_t(s.top_k));
    const auto mass_of = [&](std::size_t count) {
      double mass = 0.0;
      for (std::size_t i = 0; i < count; ++i) mass += p[order[i]];
      return mass;
    };
    if (s.top_p < 1.0f) {
      const double wanted = double(s.top_p) * mass_of(kept);
      std::size_t count = 1;
      while (count < kept && mass_of(count) < wanted) ++count;
      kept = count;
    }
    const double mass = mass_of(kept);
    for (std::size_t i = 0; i < n; ++i) p[order[i]] = i < kept ? p[order[i]] / mass : 0.0;
  }
  std::partial_sum(p.begin(), p.end(), p.begin());
  return p;
}

graph::Proposal naive_draw(const std::vector<double>& logits, const graph::SamplingParameters& parameters,
                           double uniform) {
  const std::vector<double> cumulative = naive_cumulative(logits, parameters);
  const auto at = std::ranges::upper_bound(cumulative, uniform * cumulative.back());
  const auto token = std::size_t(std::min(at, cumulative.end() - 1) - cumulative.begin());
  std::vector<double> p = softmax(logits, 1.0);
  graph::Proposal proposal;
  proposal.token = float(token);
  proposal.log_prob = float(std::log(p[token]));
  double entropy = 0.0;
  for (double x : p) entropy -= x > 0.0 ? x * std::log(x) : 0.0;
  proposal.entropy = float(entropy);
  std::ranges::sort(p, std::greater{});
  proposal.margin = float(p.size() > 1 ? p[0] - p[1] : 1.0);
  return proposal;
}

}  // namespace lacuna::conformance
