#include "fusion/statistics.h"

#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace lacuna::fusion {

MeanError mean_error(std::span<const double> values) {
  if (values.empty()) throw std::invalid_argument("[mean] expected at least one value, got none");
  const auto n = double(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (n - 1) / n) : 0.0};
}

MeanError paired_difference(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) {
    throw std::invalid_argument("[paired_difference] expected as many values on both sides, got " +
                                std::to_string(a.size()) + " and " + std::to_string(b.size()));
  }
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  return mean_error(differences);
}

double unigram_entropy(std::span<const std::int32_t> sequence) {
  std::map<std::int32_t, int> counts;
  for (const std::int32_t token : sequence) ++counts[token];
  double entropy = 0;
  for (const auto& [token, count] : counts) {
    const double p = double(count) / double(sequence.size());
    entropy -= p * std::log(p);
  }
  return entropy;
}

}  // namespace lacuna::fusion
