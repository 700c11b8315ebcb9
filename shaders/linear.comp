// permutations: f32 -DSTORED_F32; f16 -DSTORED_F16; bf16 -DSTORED_BF16; i8 -DSTORED_I8; q8_0 -DSTORED_Q8_0; q4_0 -DSTORED_Q4_0; q4_1 -DSTORED_Q4_1
#version 450
// y[row, column] = sum_k x[row, k] w[column, k] (+ bias), ROWS rows an invocation: the kernel that runs everywhere.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
layout(constant_id = 0) const bool HAS_BIAS = false;
const uint ROWS = 4;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer W { uint stored[]; };
layout(binding = 2) readonly buffer Scale { float row_scale[]; };
layout(binding = 3) readonly buffer Bias { float bias[]; };
layout(binding = 4) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push {
  uint rows;          // of this call
  uint first_row;     // of x
  uint inner;
  uint columns;       // of this call
  uint skip;          // rows of w before the first column
  uint scale_skip;    // rows of row_scale before it
  uint first_column;  // of y and bias
  uint stride;        // of y
};
#include "stored.glsl"

void main() {
  const uint index = linear_index();
  const uint column = index % columns, row = index / columns * ROWS;
  if (row >= rows) return;
  const uint w = (skip + column) * inner;
  uint from[ROWS];
  for (uint r = 0; r < ROWS; ++r) from[r] = (first_row + min(row + r, rows - 1)) * inner;
  float sums[ROWS] = float[](0.0, 0.0, 0.0, 0.0);
  for (uint k = 0; k < inner; ++k) {
    const float v = stored_at(w + k);
    for (uint r = 0; r < ROWS; ++r) sums[r] = fma(x[from[r] + k], v, sums[r]);
  }
#ifdef STORED_I8
  for (uint r = 0; r < ROWS; ++r) sums[r] *= row_scale[scale_skip + column];
#endif
  for (uint r = 0; r < ROWS && row + r < rows; ++r) {
    float sum = sums[r];
    if (HAS_BIAS) sum += bias[first_column + column];
    y[(row + r) * stride + first_column + column] = sum;
  }
}
