#version 450
// First pass of the draw: the two largest logits of each block of each row.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "draw.glsl"
layout(binding = 4) writeonly buffer Peaks { uint peaks[]; };

void main() {
  const uint index = linear_index();
  if (index >= rows * blocks) return;
  const uint row = index / blocks, begin = index % blocks * block, end = min(classes, begin + block);
  float first = -kInfinity, second = -kInfinity;
  uint at = begin;
  bool poisoned = false;
  for (uint i = begin; i < end; ++i) {
    const float v = logit_at(row, i);
    poisoned = poisoned || is_poison(v);
    if (place_of(v) > place_of(first)) {
      second = first;
      first = v;
      at = i;
    } else if (place_of(v) > place_of(second)) {
      second = v;
    }
  }
  const uint to = index * kPeakWords;
  peaks[to] = floatBitsToUint(first);
  peaks[to + 1] = floatBitsToUint(second);
  peaks[to + 2] = at;
  peaks[to + 3] = poisoned ? 1u : 0u;
}
