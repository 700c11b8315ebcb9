#version 450
// y[b, m, n] = sum_k a[b, m, k] b[b, k, n], or b[b, n, k] when TRANSPOSED.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
layout(constant_id = 0) const bool TRANSPOSED = false;
layout(binding = 0) readonly buffer A { float a[]; };
layout(binding = 1) readonly buffer B { float b[]; };
layout(binding = 2) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint count; uint rows; uint columns; uint inner; uint a_skip; uint b_skip; uint y_skip; };

void main() {
  const uint i = linear_index();
  if (i >= count) return;
  const uint column = i % columns, row = i / columns, batch = row / rows;
  const uint from = a_skip + row * inner;
  const uint other = b_skip + batch * inner * columns + (TRANSPOSED ? column * inner : column);
  const uint step = TRANSPOSED ? 1u : columns;
  float sum = 0.0;
  for (uint k = 0; k < inner; ++k) sum = fma(a[from + k], b[other + k * step], sum);
  y[y_skip + i] = sum;
}
