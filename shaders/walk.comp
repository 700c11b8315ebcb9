#version 450
// Copies elements of 32 bits over RANK axes with strides on both sides: permute, slice, concat, upsample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in;
#include "index.glsl"
layout(constant_id = 0) const uint RANK = 1;
layout(binding = 0) readonly buffer X { uint x[]; };
layout(binding = 1) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { uint count; uint from_offset; uint to_offset; uint sizes[8]; uint from[8]; uint to[8]; };

void main() {
  const uint i = linear_index();
  if (i >= count) return;
  uint rest = i, source = from_offset, target = to_offset;
  for (uint axis = 0; axis < RANK; ++axis) {  // the last axis first
    const uint at = rest % sizes[axis];
    rest /= sizes[axis];
    source += at * from[axis];
    target += at * to[axis];
  }
  y[target] = x[source];
}
