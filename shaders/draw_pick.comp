// permutations: one; lanes -DLANES
#version 450
// Last pass of the draw: the drawn class of a row and its statistics. With LANES a subgroup, which is a whole workgroup, has a
// row; else an invocation has one.
#extension GL_GOOGLE_include_directive : require
#ifdef LANES
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x_id = 1) in;
#else
layout(local_size_x = 8) in;
#endif
#include "index.glsl"
#include "draw.glsl"
layout(binding = 4) readonly buffer Peaks { uint peaks[]; };
layout(binding = 5) readonly buffer Sums { float sums[]; };
layout(binding = 6) writeonly buffer Proposals { vec4 proposals[]; };
#include "row_peaks.glsl"
#include "philox.glsl"

#ifdef LANES
#define LANE gl_SubgroupInvocationID
#define LANE_COUNT gl_WorkGroupSize.x
uint lanes_add(uint v) { return subgroupAdd(v); }
uint lanes_before(uint v) { return subgroupExclusiveAdd(v); }
uint lanes_min(uint v) { return subgroupMin(v); }
vec2 of_lane(vec2 v, uint lane) { return subgroupBroadcast(v, lane); }
#else
#define LANE 0u
#define LANE_COUNT 1u
uint lanes_add(uint v) { return v; }
uint lanes_before(uint v) { return 0u; }
uint lanes_min(uint v) { return v; }
vec2 of_lane(vec2 v, uint lane) { return v; }
#endif

vec2 wide_total(vec2 v) {
  vec2 total = of_lane(v, 0u);
  for (uint lane = 1u; lane < LANE_COUNT; ++lane) total = wide_add(total, of_lane(v, lane));
  return total;
}

vec2 block_sum(uint row, uint b, uint which) {
  const uint at = (row * blocks + b) * kSumWords + which;
  return vec2(sums[at], sums[at + 1]);
}

vec2 row_sum(uint row, uint which) {
  vec2 sum = vec2(0.0);
  for (uint b = LANE; b < blocks; b += LANE_COUNT) sum = wide_add(sum, block_sum(row, b, which));
  return wide_total(sum);
}

RowPeaks peaks_of_row(uint row) {
#ifdef LANES
  RowPeaks p = RowPeaks(-kInfinity, -kInfinity, 0xffffffffu, true);
  for (uint b = LANE; b < blocks; b += LANE_COUNT) add_peak(p, row, b);
  const uint highest = subgroupMax(place_of(p.first));
  const float first = at_place(highest);
  const uint at = subgroupMin(place_of(p.first) == highest ? p.at : 0xffffffffu);
  const float second = at_place(subgroupMax(place_of(p.at == at ? p.second : p.first)));
  const bool valid = subgroupMin(p.valid ? 1u : 0u) == 1u;
  return RowPeaks(first, second, at, valid && !is_excluded(first));
#else
  return row_peaks(row);
#endif
}

// Larger logits have larger ranks; 0 for excluded classes. Both zeros are one.
uint rank_of(float v) {
  return is_excluded(v) ? 0u : place_of(v);
}

// What a filter keeps: all ranks above `rank`, and of that rank the classes before `end`.
struct Edge {
  uint rank;
  uint end;
};
bool keeps(Edge edge, uint rank, uint i) {
  return rank != 0u && (rank > edge.rank || (rank == edge.rank && i < edge.end));
}

// One past class number `ties`, from 1, of those of a rank.
uint tie_end(uint row, uint rank, uint ties) {
  uint seen = 0u;
  for (uint first = 0u; first < classes; first += LANE_COUNT) {
    const uint i = first + LANE;
    const uint tie = i < classes && rank_of(logit_at(row, min(i, classes - 1u))) == rank ? 1u : 0u;
    const uint count = lanes_add(tie), before = lanes_before(tie);
    if (seen + count >= ties) return lanes_min(tie == 1u && seen + before + 1u == ties ? i + 1u : 0xffffffffu);
    seen += count;
  }
  return classes;
}

// The edge after the k first in order of rank, then class. Sixteen bins of the next four bits of the rank at a time.
Edge top_k_edge(uint row, Edge all) {
  uint k = max(1u, uint(sampling[2])), known = 0u, of_edge = 0u;
  for (int shift = 28; shift >= 0; shift -= 4) {
    uint counts[16];
    for (uint d = 0u; d < 16u; ++d) counts[d] = 0u;
    for (uint i = LANE; i < classes; i += LANE_COUNT) {
      const uint rank = rank_of(logit_at(row, i));
      if (rank != 0u && (shift == 28 || rank >> (shift + 4) == known)) ++counts[rank >> shift & 15u];
    }
    uint total = 0u;
    for (uint d = 0u; d < 16u; ++d) {
      counts[d] = lanes_add(counts[d]);
      total += counts[d];
    }
    if (shift == 28 && sampling[2] >= float(total)) return all;
    uint digit = 15u;
    while (digit > 0u && counts[digit] < k) {
      k -= counts[digit];
      --digit;
    }
    known = known << 4 | digit;
    of_edge = counts[digit];
  }
  return Edge(known, k == of_edge ? classes : tie_end(row, known, k));
}

// The edge of the smallest set, in order of rank, then class, among what `kept` keeps, with a mass of p of it.
Edge top_p_edge(uint row, Edge kept, float peak, vec2 inverse, float p) {
  vec2 wanted = vec2(0.0), mass = vec2(0.0);  // mass: of all ranks above the bins at hand
  uint known = 0u, of_edge = 0u;
  for (int shift = 28; shift >= 0; shift -= 4) {
    vec2 masses[16], all = vec2(0.0);
    uint counts[16];
    for (uint d = 0u; d < 16u; ++d) {
      masses[d] = vec2(0.0);
      counts[d] = 0u;
    }
    for (uint i = LANE; i < classes; i += LANE_COUNT) {
      const float v = logit_at(row, i);
      const uint rank = rank_of(v);
      if (!keeps(kept, rank, i) || (shift != 28 && rank >> (shift + 4) != known)) continue;
      const uint digit = rank >> shift & 15u;
      ++counts[digit];
      const vec2 e = weight_of(v, peak, inverse);
      masses[digit] = wide_add(masses[digit], e);
      all = wide_add(all, e);
    }
    if (shift == 28) wanted = wide_multiply(wide_total(all), vec2(p, 0.0));
    uint digit = 0u;
    vec2 before = mass;
    for (int d = 15; d >= 0; --d) {
      const uint count = lanes_add(counts[d]);
      if (count == 0u) continue;
      digit = uint(d);
      of_edge = count;
      before = mass;
      mass = wide_add(mass, wide_total(masses[d]));
      if (!wide_less(mass, wanted)) break;
    }
    mass = before;
    known = known << 4 | digit;
  }
  // Classes of one rank weigh the same: as many of them as it takes, one at least.
  const float v = at_place(known);
  const vec2 each = weight_of(v, peak, inverse);
  uint taken = 1u;
  mass = wide_add(mass, each);
  while (taken < of_edge && wide_less(mass, wanted)) {
    mass = wide_add(mass, each);
    ++taken;
  }
  if (taken < of_edge) return Edge(known, tie_end(row, known, taken));
  return Edge(known, known == kept.rank ? kept.end : classes);
}

vec2 kept_weight(uint row, uint i, Edge edge, float peak, vec2 inverse) {
  const float v = logit_at(row, i);
  return keeps(edge, rank_of(v), i) ? weight_of(v, peak, inverse) : vec2(0.0);
}

// The lane in whose share of a sum `rest` lies; `rest` becomes relative to it. Rounding may carry it over the end: then, and
// where it was so before, the last lane with a positive share.
uint owner_of(vec2 share, inout vec2 rest, inout bool is_past) {
  uint owner = 0u, last = 0u;
  bool found = false;
  for (uint lane = 0u; lane < LANE_COUNT; ++lane) {
    const vec2 s = of_lane(share, lane);
    if (s.x > 0.0) last = lane;
    if (found || is_past) continue;
    found = wide_less(rest, s);
    if (found) owner = lane;
    else rest = wide_add(rest, -s);
  }
  if (found) return owner;
  is_past = true;
  return last;
}

// Inverse CDF in class order over [begin, end), at `rest`; with `scaled`, at that share of what these classes weigh.
uint draw_within(uint row, uint begin, uint end, Edge edge, float peak, vec2 inverse, vec2 rest, bool scaled, bool is_past) {
#ifdef LANES
  while (end - begin > 1u) {
    const uint piece = (end - begin + LANE_COUNT - 1u) / LANE_COUNT, from = min(end, begin + LANE * piece);
    vec2 share = vec2(0.0);
    for (uint i = from; i < min(end, from + piece); ++i) share = wide_add(share, kept_weight(row, i, edge, peak, inverse));
    if (scaled) rest = wide_multiply(rest, wide_total(share));
    scaled = false;
    const uint owner = owner_of(share, rest, is_past);
    begin = min(end - 1u, begin + owner * piece);
    end = min(end, begin + piece);
  }
  return begin;
#else
  uint chosen = begin;
  for (int pass = scaled ? 0 : 1; pass < 2; ++pass) {
    vec2 sum = vec2(0.0);
    for (uint i = begin; i < end; ++i) {
      const vec2 e = kept_weight(row, i, edge, peak, inverse);
      sum = wide_add(sum, e);
      if (e.x > 0.0) chosen = i;
      if (pass == 1 && !is_past && wide_less(rest, sum)) break;
    }
    if (pass == 0) rest = wide_multiply(rest, sum);
  }
  return chosen;
#endif
}

uint draw_class(uint row, float peak, vec2 inverse, vec2 uniform_) {
  const Edge all = Edge(0u, 0u);
  const bool filtered = sampling[2] > 0.0 || sampling[3] < 1.0;
  Edge edge = all;
  uint begin = 0u, end = classes;
  vec2 rest = uniform_;
  bool is_past = false;
  if (filtered) {
    if (sampling[2] > 0.0) edge = top_k_edge(row, all);
    if (sampling[3] < 1.0) edge = top_p_edge(row, edge, peak, inverse, sampling[3]);
  } else {
    // The block first: its sums are there.
    rest = wide_multiply(uniform_, row_sum(row, 4u));
    uint b = 0u, last = 0u;
    for (; b < blocks; ++b) {
      const vec2 sum = block_sum(row, b, 4u);
      if (wide_less(rest, sum)) break;
      rest = wide_add(rest, -sum);
      if (sum.x > 0.0) last = b;
    }
    is_past = b == blocks;
    if (is_past) b = last;
    begin = b * block;
    end = min(classes, begin + block);
  }
  return draw_within(row, begin, end, edge, peak, inverse, rest, filtered, is_past);
}

void main() {
  const uint row = linear_index() / LANE_COUNT;
  if (row >= rows) return;  // with LANES the whole workgroup
  const RowPeaks p = peaks_of_row(row);
  const uint to = first_row + row;
  if (!p.valid) {
    const float nan = uintBitsToFloat(0x7fc00000u);
    if (LANE == 0u) proposals[to] = vec4(0.0, nan, nan, nan);
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
  if (!temperature.is_zero) token = draw_class(row, p.first, temperature.inverse, uniform_of(to));
  if (LANE == 0u) proposals[to] = vec4(float(token), (logit_at(row, token) - p.first) - log_total, margin, entropy);
}
