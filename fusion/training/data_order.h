#pragma once

#include <cstdint>
#include <vector>

namespace lacuna::training {

/// Which record the p-th sample of a run is, as a pure function of the seed and p. With equal weights every
/// epoch is a permutation of the records; otherwise records are drawn in proportion to their weights.
class DataOrder {
 public:
  /// `weights` by record, not negative. Throws std::invalid_argument when there is nothing to draw.
  DataOrder(std::uint64_t seed, const std::vector<float>& weights);

  std::int64_t size() const { return size_; }
  /// In [0, size()).
  std::int64_t at(std::uint64_t position) const;

 private:
  std::int64_t permuted(std::uint64_t epoch, std::uint64_t index) const;

  std::uint64_t seed_;
  std::int64_t size_;
  int half_bits_ = 1;               // of the Feistel network's halves
  std::vector<double> cumulative_;  // empty for equal weights
};

}  // namespace lacuna::training
