#pragma once

#include <array>
#include <cstdint>

namespace lacuna::graph {

/// Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): a counter-based
/// generator, a pure function of key and counter, so a draw depends on no thread, batch or engine.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 2> key,
                                                  std::array<std::uint32_t, 4> counter) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {std::uint32_t(b >> 32) ^ counter[1] ^ key[0], std::uint32_t(b),
               std::uint32_t(a >> 32) ^ counter[3] ^ key[1], std::uint32_t(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

/// A uniform in (0, 1): the odd multiples of 2^-53, all of them exact in a double, so that neither end is hit.
constexpr double uniform53(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = ((std::uint64_t{high} << 32) | low) >> 12;
  return (double(bits) + 0.5) * 0x1.0p-52;
}

/// What a stream of random numbers is for, so that two uses never share a counter.
enum class RandomStream : std::uint32_t { token = 0, order = 1, confidence = 2, data = 3, masking = 4 };

/// A uniform in (0, 1) for (seed, stream, step, position).
constexpr double uniform_at(std::uint64_t seed, RandomStream stream, std::uint32_t step,
                            std::uint32_t position) {
  const auto r = philox4x32({std::uint32_t(seed), std::uint32_t(seed >> 32)},
                            {position, step, std::uint32_t(stream), 0});
  return uniform53(r[0], r[1]);
}

}  // namespace lacuna::graph
