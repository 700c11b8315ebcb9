#include "fusion/training/data_order.h"

#include <algorithm>
#include <stdexcept>

#include "fusion/training/random.h"

namespace lacuna::training {

DataOrder::DataOrder(std::uint64_t seed, const std::vector<float>& weights)
    : seed_(seed), size_(std::int64_t(weights.size())) {
  if (weights.empty()) throw std::invalid_argument("[DataOrder] expected at least one record, got none");
  while ((std::uint64_t{1} << (2 * half_bits_)) < weights.size()) ++half_bits_;
  if (std::all_of(weights.begin(), weights.end(), [&](float w) { return w == weights[0]; }) && weights[0] > 0) return;
  double sum = 0;
  for (const float w : weights) cumulative_.push_back(sum += w);
  if (!(sum > 0)) throw std::invalid_argument("[DataOrder] expected a record with a weight above 0");
}

std::int64_t DataOrder::permuted(std::uint64_t epoch, std::uint64_t index) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  // A Feistel network permutes [0, 4^half_bits); walking on until the result is in range permutes [0, size).
  do {
    std::uint64_t left = index >> half_bits_, right = index & mask;
    for (std::uint32_t round = 0; round < 6; ++round) {
      const double u = uniform(seed_, Purpose::data_order, (epoch << 32) ^ right, round + 1);
      const std::uint64_t next = left ^ (std::uint64_t(u * 0x1.0p32) & mask);
      left = right;
      right = next;
    }
    index = (left << half_bits_) | right;
  } while (index >= std::uint64_t(size_));
  return std::int64_t(index);
}

std::int64_t DataOrder::at(std::uint64_t position) const {
  const auto n = std::uint64_t(size_);
  if (cumulative_.empty()) return permuted(position / n, position % n);
  const double target = uniform(seed_, Purpose::data_order, position) * cumulative_.back();
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), target);
  return std::min<std::int64_t>(found - cumulative_.begin(), size_ - 1);
}

}  // namespace lacuna::training
