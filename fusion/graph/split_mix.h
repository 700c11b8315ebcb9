#pragma once

#include <cstdint>

namespace lacuna::graph {

/// A stream of 64-bit words that is a pure function of its seed and the place in it: a counter and a hash (Steele, Lea
/// and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). For made-up data and experiments; what models
/// draw with is Philox (philox.h), keyed by step and position.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  /// In (0, 1), 53 bits.
  double uniform() { return (double(next() >> 11) + 0.5) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace lacuna::graph
