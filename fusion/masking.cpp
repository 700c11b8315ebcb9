#include "fusion/masking.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "fusion/graph/philox.h"

namespace lacuna::fusion {
namespace {

using graph::RandomStream;

/// One uniform for each position.
double position_uniform(const MaskingKey& key, int position) {
  const auto r = graph::philox4x32({std::uint32_t(key.seed), std::uint32_t(key.seed >> 32)},
                                   {std::uint32_t(position), key.step, std::uint32_t(RandomStream::masking),
                                    key.sample});
  return graph::uniform53(r[0], r[1]);
}

}  // namespace

double stratified_time(std::uint64_t seed, std::uint32_t step, std::uint32_t index, std::uint32_t batch) {
  const double u = graph::uniform_at(seed, RandomStream::data, step, ~0u);
  return (double(index) + u) / double(batch);
}

std::vector<int> mask_exactly(const MaskingKey& key, int length, int count) {
  if (count < 0 || count > length) {
    throw std::invalid_argument("[mask_exactly] expected a count in [0, " + std::to_string(length) + "], got " +
                                std::to_string(count));
  }
  std::vector<double> uniforms;
  for (int i = 0; i < length; ++i) uniforms.push_back(position_uniform(key, i));
  auto positions = std::vector<int>(std::size_t(length));
  std::iota(positions.begin(), positions.end(), 0);
  std::ranges::nth_element(positions, positions.begin() + count, {},
                           [&](int i) { return std::pair(uniforms[std::size_t(i)], i); });
  positions.resize(std::size_t(count));
  std::ranges::sort(positions);
  return positions;
}

std::vector<int> mask_independently(const MaskingKey& key, int length, double rate) {
  std::vector<int> positions;
  for (int i = 0; i < length; ++i) {
    if (position_uniform(key, i) < rate) positions.push_back(i);
  }
  return positions;
}

}  // namespace lacuna::fusion
