#include "runtime/cpu/draw_filter.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "runtime/cpu/vector_exp.h"

namespace lacuna::cpu {
namespace {

using Candidate = DrawScratch::Candidate;

/// Logits sorted coarsely by their distance from the peak, so that only the one bin in which a filter's edge
/// falls has to be put in order.
constexpr std::size_t kBins = 512;
constexpr double kBinsPerNat = 16.0;

std::size_t bin_of(double weight_log) {
  const double bin = -weight_log * kBinsPerNat;
  return bin < double(kBins - 1) ? std::size_t(bin) : kBins - 1;
}

bool ahead(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}
/// Order of a heap that has the largest on top.
bool behind(const Candidate& a, const Candidate& b) { return ahead(b, a); }

/// Every class that is not -inf, in class order.
LACUNA_CLONES void weigh(const LogitRow& row, const FilterParameters& p, std::vector<Candidate>& all) {
  all.resize(row.classes);
  std::size_t count = 0;
  for (std::size_t i = 0; i < row.classes; i += kLanes) {
    Float8 x;
    load(row, i, x);
    Double8 weight;
    exp_of((__builtin_convertvector(x, Double8) - p.peak) * p.inverse_temperature, weight);
    for (std::size_t j = 0; j < kLanes && i + j < row.classes; ++j) {
      all[count] = {weight[j], x[j], std::int32_t(i + j)};
      count += x[j] != -std::numeric_limits<float>::infinity();
    }
  }
  all.resize(count);
}

/// Drops candidates behind an edge; the others stay in class order.
class Filter {
 public:
  Filter(const FilterParameters& parameters, std::vector<Candidate>& all)
      : parameters_(parameters), all_(all), count_(all.size()) {}

  /// Keeps the k first in the order of `ahead`.
  void keep_top_k(std::size_t k) {
    if (k >= all_.size()) return;
    std::array<std::size_t, kBins> counts{};
    for (const Candidate& c : all_) ++counts[bin(c)];
    std::size_t edge = 0, before = 0;
    while (before + counts[edge] < k) before += counts[edge++];
    const auto in_edge = copy_of_bin(edge);
    const auto last_kept = in_edge.begin() + std::ptrdiff_t(k - before - 1);
    std::nth_element(in_edge.begin(), last_kept, in_edge.end(), ahead);
    drop_behind(*last_kept);
  }

  /// Keeps the smallest set, in the order of `ahead`, whose mass is at least p of all.
  void keep_top_p(double p) {
    std::array<double, kBins> masses{};
    for (const Candidate& c : all_) masses[bin(c)] += c.weight;
    double total = 0.0;
    for (double mass : masses) total += mass;
    std::size_t edge = 0;
    double mass = 0.0;
    while (edge + 1 < kBins && mass + masses[edge] < p * total) mass += masses[edge++];
    const auto in_edge = copy_of_bin(edge);
    if (in_edge.empty()) return drop_copies();  // rounding alone stands between the sums and p
    std::make_heap(in_edge.begin(), in_edge.end(), behind);
    auto heap_end = in_edge.end();
    do {
      std::pop_heap(in_edge.begin(), heap_end, behind);
      --heap_end;
      mass += heap_end->weight;
    } while (mass < p * total && heap_end != in_edge.begin());
    drop_behind(*heap_end);
  }

 private:
  std::size_t bin(const Candidate& c) const {
    return bin_of((double(c.logit) - parameters_.peak) * parameters_.inverse_temperature);
  }

  /// The candidates of one bin, copied behind all others.
  std::span<Candidate> copy_of_bin(std::size_t edge) {
    for (std::size_t i = 0; i < count_; ++i) {
      const Candidate c = all_[i];
      if (bin(c) == edge) all_.push_back(c);
    }
    return std::span(all_).subspan(count_);
  }

  void drop_copies() { all_.resize(count_); }

  void drop_behind(const Candidate last_kept) {
    drop_copies();
    std::erase_if(all_, [&](const Candidate& c) { return ahead(last_kept, c); });
    count_ = all_.size();
  }

  const FilterParameters& parameters_;
  std::vector<Candidate>& all_;
  std::size_t count_;
};

}  // namespace

std::size_t draw_filtered(const LogitRow& row, const FilterParameters& parameters, double uniform,
                          std::vector<Candidate>& kept) {
  weigh(row, parameters, kept);
  Filter filter(parameters, kept);
  if (parameters.top_k > 0.0f && double(parameters.top_k) < double(kept.size())) {
    filter.keep_top_k(std::max<std::size_t>(1, std::size_t(parameters.top_k)));
  }
  if (parameters.top_p < 1.0f) filter.keep_top_p(double(parameters.top_p));
  double total = 0.0;
  for (const Candidate& c : kept) total += c.weight;
  double sum = 0.0;
  std::size_t chosen = std::size_t(kept.front().token);
  for (const Candidate& c : kept) {
    if (c.weight > 0.0) chosen = std::size_t(c.token);
    sum += c.weight;
    if (sum > uniform * total) break;
  }
  return chosen;
}

}  // namespace lacuna::cpu
