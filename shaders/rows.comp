#version 450
// Over the last axis, one invocation a row. MODE: graph::Reduction (0 sum, 1 mean, 2 max), 3 softmax, 4 argmax.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "exp.glsl"
layout(constant_id = 0) const uint MODE = 0;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { uint rows; uint width; };

void main() {
  const uint row = linear_index();
  if (row >= rows) return;
  const uint begin = row * width;
  float peak = x[begin];
  uint at = 0;
  if (MODE >= 2) {
    for (uint i = 1; i < width; ++i) {
      const float v = x[begin + i];
      if (v > peak) {
        peak = v;
        at = i;
      }
    }
  }
  if (MODE == 2) {
    y[row] = floatBitsToUint(peak);
    return;
  }
  if (MODE == 4) {
    y[row] = at;
    return;
  }
  // Sums with the rounding carried along (Kahan).
  precise float sum = 0.0, carry = 0.0;
  for (uint i = 0; i < width; ++i) {
    const float v = x[begin + i];
    precise const float term = (MODE == 3 ? exp_exact(v - peak) : v) - carry;
    precise const float next = sum + term;
    carry = (next - sum) - term;
    sum = next;
  }
  if (MODE == 3) {
    for (uint i = 0; i < width; ++i) y[begin + i] = floatBitsToUint(exp_exact(x[begin + i] - peak) / sum);
  } else {
    y[row] = floatBitsToUint(MODE == 1 ? sum / float(width) : sum);
  }
}
