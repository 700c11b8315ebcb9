#version 450
// y = a OP b, elementwise; OPERATION: 0 add, 1 subtract, 2 multiply. RANK axes of b are walked, 0 = b has a's shape.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in;
#include "index.glsl"
layout(constant_id = 0) const uint OPERATION = 0;
layout(constant_id = 1) const uint RANK = 0;
layout(binding = 0) readonly buffer A { float a[]; };
layout(binding = 1) readonly buffer B { float b[]; };
layout(binding = 2) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint count; uint sizes[8]; uint strides[8]; };  // the last axis first

void main() {
  const uint i = linear_index();
  if (i >= count) return;
  uint j = i;
  if (RANK > 0) {
    uint rest = i;
    j = 0;
    for (uint axis = 0; axis < RANK; ++axis) {
      j += rest % sizes[axis] * strides[axis];
      rest /= sizes[axis];
    }
  }
  const float u = a[i], v = b[j];
  y[i] = OPERATION == 0 ? u + v : OPERATION == 1 ? u - v : u * v;
}
