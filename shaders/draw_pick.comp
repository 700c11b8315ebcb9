#version 450
// Last pass of the draw, one invocation a row: the drawn class and its statistics.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "draw.glsl"
layout(binding = 4) readonly buffer Peaks { uint peaks[]; };
layout(binding = 5) readonly buffer Sums { float sums[]; };
layout(binding = 6) writeonly buffer Proposals { vec4 proposals[]; };
#include "row_peaks.glsl"
#include "philox.glsl"

vec2 block_sum(uint row, uint b, uint which) {
  const uint at = (row * blocks + b) * kSumWords + which;
  return vec2(sums[at], sums[at + 1]);
}

vec2 row_sum(uint row, uint which) {
  vec2 total = vec2(0.0);
  for (uint b = 0; b < blocks; ++b) total = wide_add(total, block_sum(row, b, which));
  return total;
}

// Inverse CDF in class order over all classes.
uint draw_unfiltered(uint row, float peak, vec2 inverse, vec2 uniform_) {
  vec2 rest = wide_multiply(uniform_, row_sum(row, 4u));
  uint b = 0, last = 0;
  for (; b < blocks; ++b) {
    const vec2 sum = block_sum(row, b, 4u);
    if (wide_less(rest, sum)) break;
    rest = wide_add(rest, -sum);
    if (sum.x > 0.0) last = b;
  }
  // Rounding may carry the walk over an end; the last class of positive probability is right then.
  const bool past_end = b == blocks;
  if (past_end) b = last;
  const uint begin = b * block, end = min(classes, begin + block);
  vec2 sum = vec2(0.0);
  uint chosen = begin;
  for (uint i = begin; i < end; ++i) {
    const vec2 e = weight_of(logit_at(row, i), peak, inverse);
    if (e.x > 0.0) chosen = i;
    sum = wide_add(sum, e);
    if (!past_end && wide_less(rest, sum)) break;
  }
  return chosen;
}

// Larger logits have larger ranks; 0 for excluded classes. Both zeros are one.
uint rank_of(float v) {
  if (is_excluded(v)) return 0u;
  const uint bits = v == 0.0 ? 0u : floatBitsToUint(v);
  return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

// What a filter keeps: all ranks above `rank`, and the first `ties` classes of that rank.
struct Edge {
  uint rank;
  uint ties;
};

// The edge after the `k` first in order of rank, then class. Sixteen bins of the next four bits of the rank at a time.
Edge top_k_edge(uint row, uint k) {
  uint known = 0u;
  for (int shift = 28; shift >= 0; shift -= 4) {
    uint counts[16];
    for (uint d = 0; d < 16; ++d) counts[d] = 0u;
    for (uint i = 0; i < classes; ++i) {
      const uint rank = rank_of(logit_at(row, i));
      if (rank != 0u && (shift == 28 || rank >> (shift + 4) == known)) ++counts[rank >> shift & 15u];
    }
    uint digit = 15u;
    while (digit > 0u && counts[digit] < k) {
      k -= counts[digit];
      --digit;
    }
    known = known << 4 | digit;
  }
  return Edge(known, k);
}

// The edge of the smallest set, in order of rank, then class, among what `kept` keeps, with a mass of p of it.
Edge top_p_edge(uint row, Edge kept, float peak, vec2 inverse, float p) {
  vec2 wanted = vec2(0.0);
  uint ties = 0u;
  for (uint i = 0; i < classes; ++i) {
    const float v = logit_at(row, i);
    const uint rank = rank_of(v);
    if (rank == 0u || rank < kept.rank || (rank == kept.rank && ties++ >= kept.ties)) continue;
    wanted = wide_add(wanted, weight_of(v, peak, inverse));
  }
  wanted = wide_multiply(wanted, vec2(p, 0.0));
  uint known = 0u;
  vec2 mass = vec2(0.0);  // of all ranks above the bins at hand
  uint of_edge = 0u;
  for (int shift = 28; shift >= 0; shift -= 4) {
    vec2 masses[16];
    uint counts[16];
    for (uint d = 0; d < 16; ++d) {
      masses[d] = vec2(0.0);
      counts[d] = 0u;
    }
    ties = 0u;
    for (uint i = 0; i < classes; ++i) {
      const float v = logit_at(row, i);
      const uint rank = rank_of(v);
      if (rank == 0u || rank < kept.rank || (rank == kept.rank && ties++ >= kept.ties)) continue;
      if (shift != 28 && rank >> (shift + 4) != known) continue;
      const uint digit = rank >> shift & 15u;
      ++counts[digit];
      masses[digit] = wide_add(masses[digit], weight_of(v, peak, inverse));
    }
    uint digit = 0u;
    vec2 before = mass;
    for (int d = 15; d >= 0; --d) {
      if (counts[d] == 0u) continue;
      digit = uint(d);
      before = mass;
      mass = wide_add(mass, masses[d]);
      if (!wide_less(mass, wanted)) break;
    }
    mass = before;
    known = known << 4 | digit;
    of_edge = counts[digit];
  }
  // Classes of one rank weigh the same: as many of them as it takes, one at least.
  const float v = uintBitsToFloat((known & 0x80000000u) != 0u ? known & 0x7fffffffu : ~known);
  const vec2 each = weight_of(v, peak, inverse);
  uint taken = 1u;
  mass = wide_add(mass, each);
  while (taken < of_edge && wide_less(mass, wanted)) {
    mass = wide_add(mass, each);
    ++taken;
  }
  return Edge(known, taken);
}

uint draw_filtered(uint row, float peak, vec2 inverse, vec2 uniform_) {
  uint candidates = 0u;
  for (uint i = 0; i < classes; ++i) candidates += rank_of(logit_at(row, i)) != 0u ? 1u : 0u;
  Edge edge = Edge(0u, 0u);
  if (sampling[2] > 0.0 && sampling[2] < float(candidates)) edge = top_k_edge(row, max(1u, uint(sampling[2])));
  if (sampling[3] < 1.0) edge = top_p_edge(row, edge, peak, inverse, sampling[3]);
  vec2 total = vec2(0.0);
  uint chosen = 0u;
  for (int pass = 0; pass < 2; ++pass) {
    const vec2 wanted = wide_multiply(uniform_, total);
    vec2 sum = vec2(0.0);
    uint ties = 0u;
    bool any = false;
    for (uint i = 0; i < classes; ++i) {
      const float v = logit_at(row, i);
      const uint rank = rank_of(v);
      if (rank == 0u || rank < edge.rank || (rank == edge.rank && ties++ >= edge.ties)) continue;
      const vec2 e = weight_of(v, peak, inverse);
      sum = wide_add(sum, e);
      if (e.x > 0.0 || !any) chosen = i;
      any = true;
      if (pass == 1 && wide_less(wanted, sum)) break;
    }
    total = sum;
  }
  return chosen;
}

void main() {
  const uint row = linear_index();
  if (row >= rows) return;
  const RowPeaks p = row_peaks(row);
  const uint to = first_row + row;
  if (!p.valid) {
    const float nan = uintBitsToFloat(0x7fc00000u);
    proposals[to] = vec4(0.0, nan, nan, nan);
    return;
  }
  const vec2 total = row_sum(row, 0u);
  // One step of Newton: the logarithm of some drivers is coarse.
  float log_total = max(0.0, log(total.x));
  const vec2 ratio = wide_multiply(total, wide_exp(vec2(-log_total, 0.0)));
  log_total += (ratio.x - 1.0) + ratio.y;

  const float gap = is_excluded(p.second) ? 0.0 : weight_of(p.second, p.first, vec2(1.0, 0.0)).x;
  const vec2 weighted = row_sum(row, 2u);
  const float margin = classes == 1u ? 1.0 : (1.0 - gap) / total.x;
  const float entropy = max(0.0, log_total - weighted.x / total.x);

  const Temperature temperature = temperature_of();
  uint token = p.at;
  if (!temperature.is_zero) {
    const vec2 uniform_ = uniform_of(to);
    token = sampling[2] > 0.0 || sampling[3] < 1.0 ? draw_filtered(row, p.first, temperature.inverse, uniform_)
                                                   : draw_unfiltered(row, p.first, temperature.inverse, uniform_);
  }
  proposals[to] = vec4(float(token), (logit_at(row, token) - p.first) - log_total, margin, entropy);
}
