#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lacuna::laboratory {

/// A stream of 64-bit words that is a pure function of its seed and the place in it (SplitMix64: a counter and a hash).
class Words {
 public:
  explicit Words(std::uint64_t seed) : state_(seed) {}
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

/// What the uniforms of a Gumbel draw look like.
enum class Uniforms : std::uint8_t {
  fine,       // 53 bits
  coarse,     // j / 2^bits, as a float of that many bits has near 1
  truncated,  // 53 bits times 1 - 2^-bits: the same largest value, nothing else
};
std::string_view name_of(Uniforms uniforms);

/// argmax of w / (1e-10 - log(u + 1e-10)), the categorical draw of MDLM with its guards.
int gumbel_draw(std::span<const double> weights, Uniforms uniforms, int bits, Words& words);

/// The law of the argmax where Gumbel noise ends at -log(delta) (arXiv 2409.02908, proposition 5.2), with
/// delta = -log(1 - 2^-bits). `p` are positive and sum to 1.
std::vector<double> truncated_gumbel_law(std::span<const double> p, int bits);

}  // namespace lacuna::laboratory
