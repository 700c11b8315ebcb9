#pragma once

#include <cstdint>
#include <vector>

namespace lacuna::fusion {

/// Which random numbers a mask is drawn from: a pure function of these, whatever the batch or thread.
struct MaskingKey {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;    // of training
  std::uint32_t sample = 0;  // in the step's global batch
};

/// A stratified uniform for sample i of a batch of n: (i + u) / n with one u in (0, 1) for the whole batch,
/// which lowers the variance of the loss (arXiv 2409.02908, appendix G.2; MDLM's antithetic sampling).
double stratified_time(std::uint64_t seed, std::uint32_t step, std::uint32_t index, std::uint32_t batch);

/// Exactly `count` of `length` positions, ascending, every subset equally likely.
/// Throws std::invalid_argument unless 0 <= count <= length.
std::vector<int> mask_exactly(const MaskingKey& key, int length, int count);

/// Each of `length` positions with probability `rate`, independently, ascending.
std::vector<int> mask_independently(const MaskingKey& key, int length, double rate);

}  // namespace lacuna::fusion
