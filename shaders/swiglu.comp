#version 450
// y = silu(gate) * up.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in;
#include "index.glsl"
#include "exp.glsl"
#include "sigmoid.glsl"
layout(binding = 0) readonly buffer Gate { float gate[]; };
layout(binding = 1) readonly buffer Up { float up[]; };
layout(binding = 2) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint count; };

void main() {
  const uint i = linear_index();
  if (i < count) y[i] = gate[i] * sigmoid_of(gate[i]) * up[i];
}
