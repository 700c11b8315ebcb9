#version 450
// Rotary position embedding: an invocation turns one pair of every head of a row, so a sine serves all heads; invocations
// past the pairs copy what is not turned.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "sine.glsl"
layout(constant_id = 0) const bool INTERLEAVED = false;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer Positions { int positions[]; };  // [rows, axes]
layout(binding = 2) readonly buffer Pairs { uvec2 pairs_of[]; };     // axis, frequency by its bits
layout(binding = 3) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint rows; uint heads; uint head_dim; uint pairs; uint axes; };

void main() {
  const uint index = linear_index(), items = head_dim - pairs;  // pairs, then single elements
  if (index >= rows * items) return;
  const uint row = index / items, j = index % items, width = heads * head_dim;
  if (j >= pairs) {
    for (uint h = 0; h < heads; ++h) {
      const uint at = row * width + h * head_dim + pairs + j;
      y[at] = x[at];
    }
    return;
  }
  const uvec2 pair = pairs_of[j];
  const float angle = float(positions[row * axes + pair.x]) * uintBitsToFloat(pair.y);
  const float c = sine_of(angle, 1), s = sine_of(angle, 0);
  const uint first = INTERLEAVED ? 2 * j : j, second = INTERLEAVED ? 2 * j + 1 : j + pairs;
  for (uint h = 0; h < heads; ++h) {
    const uint at = row * width + h * head_dim;
    const float u = x[at + first], v = x[at + second];
    precise const float a = u * c - v * s, b = v * c + u * s;
    y[at + first] = a;
    y[at + second] = b;
  }
}
