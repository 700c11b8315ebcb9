#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fusion/graph/split_mix.h"

namespace lacuna::laboratory {

using Words = graph::SplitMix;

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
