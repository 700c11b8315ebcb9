#version 450
// Second pass of the draw: sums of the weights of each block of each row.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "draw.glsl"
layout(binding = 4) readonly buffer Peaks { uint peaks[]; };
layout(binding = 5) writeonly buffer Sums { float sums[]; };
#include "row_peaks.glsl"

void main() {
  const uint index = linear_index();
  if (index >= rows * blocks) return;
  const uint row = index / blocks, begin = index % blocks * block, end = min(classes, begin + block);
  const RowPeaks p = row_peaks(row);
  const Temperature temperature = temperature_of();
  vec2 plain = vec2(0.0), weighted = vec2(0.0), warm = vec2(0.0);
  if (p.valid) {
    for (uint i = begin; i < end; ++i) {
      const float v = logit_at(row, i);
      vec2 y;
      const vec2 e = weight_of(v, p.first, vec2(1.0, 0.0), y);
      plain = wide_add(plain, e);
      weighted = wide_add(weighted, two_product(e.x, y.x));
      if (!temperature.is_zero && sampling[0] != 1.0) warm = wide_add(warm, weight_of(v, p.first, temperature.inverse));
    }
  }
  if (sampling[0] == 1.0) warm = plain;
  const uint to = index * kSumWords;
  sums[to] = plain.x;
  sums[to + 1] = plain.y;
  sums[to + 2] = weighted.x;
  sums[to + 3] = weighted.y;
  sums[to + 4] = warm.x;
  sums[to + 5] = warm.y;
}
