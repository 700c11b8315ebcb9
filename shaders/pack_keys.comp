#version 450
// Keys side by side, for attention_lanes.comp: y[head, d, place] = x[row_of[place], head, d], zero where there is no row
// and from head_dim to the next multiple of four.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer Rows { int row_of[]; };  // -1: none
layout(binding = 2) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint count; uint places; uint heads; uint head_dim; uint padded; };

void main() {
  const uint i = linear_index();
  if (i >= count) return;
  const uint d = i / places % padded, head = i / (places * padded);
  const int row = row_of[i % places];
  y[i] = row >= 0 && d < head_dim ? x[(uint(row) * heads + head) * head_dim + d] : 0.0;
}
