#version 450
// Rows of `width` elements with any strides as rows of whole texels: y[row, i] = x[row / inner, row % inner, i], zero from
// `width` to the next multiple of four.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) writeonly buffer Y { vec4 y[]; };
layout(push_constant) uniform Push {
  uint count;  // texels of y
  uint rows; uint width; uint inner; uint outer_stride; uint row_stride; uint element_stride;
};

void main() {
  const uint index = linear_index();
  if (index >= count) return;
  // Rows that lie side by side are read side by side.
  const uint quarter = (width + 3) / 4, row = index % rows, i = index / rows * 4;
  const uint from = row / inner * outer_stride + row % inner * row_stride + i * element_stride;
  vec4 v = vec4(0.0);
  for (uint e = 0; e < 4 && i + e < width; ++e) v[e] = x[from + e * element_stride];
  y[row * quarter + i / 4] = v;
}
