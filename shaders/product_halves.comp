#version 450
// y[row, column] = (sum_k x[row, k] w[column, k]) * x_scale[row] * row_scale[column] (+ bias) of f16, two to a word: as
// product_tiles.comp, in float16 arithmetic. Rows are scaled so that no element is above 1; sums of 16 products are f16,
// and are added up in f32, so that neither range nor length costs digits.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(local_size_x = 256) in;
#include "index.glsl"
layout(constant_id = 0) const bool HAS_BIAS = false;
layout(constant_id = 1) const uint TILE = 4;  // 4 or 8
layout(binding = 0) readonly buffer X { uint x[]; };
layout(binding = 1) readonly buffer XScale { float x_scale[]; };
layout(binding = 2) readonly buffer W { uint w[]; };
layout(binding = 3) readonly buffer Scale { float row_scale[]; };
layout(binding = 4) readonly buffer Bias { float bias[]; };
layout(binding = 5) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push {
  uint rows;          // of this call
  uint first_row;     // of x and x_scale
  uint words;         // of a row of x and of w
  uint columns;       // of this call
  uint skip;          // rows of w before the first column
  uint scale_skip;    // rows of row_scale before it
  uint first_column;  // of y and bias
  uint stride;        // of y
};

const uint SIDE = 16 * TILE, DEPTH = 16, VECTORS = TILE / 4;
shared f16vec4 xs[DEPTH][SIDE / 4 + 1];
shared f16vec4 ws[DEPTH][SIDE / 4 + 1];

void main() {
  const uint t = gl_LocalInvocationID.x, group = linear_index() / 256;
  const uint column_groups = (columns + SIDE - 1) / SIDE;
  const uint row = group / column_groups * SIDE, column = group % column_groups * SIDE;
  if (row >= rows) return;  // the whole workgroup
  const uint across = t % 16, down = t / 16;
  vec4 sums[8][2];
  [[unroll]] for (uint r = 0; r < TILE; ++r) [[unroll]] for (uint c = 0; c < VECTORS; ++c) sums[r][c] = vec4(0.0);
  for (uint k0 = 0; k0 < words; k0 += DEPTH / 2) {
    [[unroll]] for (uint i = 0; i < TILE / 2; ++i) {
      // Eight neighbouring invocations read the eight words of a row.
      const uint m = t / 8 + 32 * i, word = t % 8, k = k0 + word;
      f16vec2 u = f16vec2(0.0hf), v = f16vec2(0.0hf);
      if (k < words) {
        u = unpackFloat2x16(x[(first_row + min(row + m, rows - 1)) * words + k]);
        v = unpackFloat2x16(w[(skip + min(column + m, columns - 1)) * words + k]);
      }
      [[unroll]] for (uint e = 0; e < 2; ++e) {
        xs[word * 2 + e][m / 4][m % 4] = u[e];
        ws[word * 2 + e][m / 4][m % 4] = v[e];
      }
    }
    barrier();
    f16vec4 narrow[8][2];
    [[unroll]] for (uint r = 0; r < TILE; ++r) [[unroll]] for (uint c = 0; c < VECTORS; ++c) narrow[r][c] = f16vec4(0.0hf);
    [[unroll]] for (uint kk = 0; kk < DEPTH; ++kk) {
      f16vec4 b[2];
      [[unroll]] for (uint c = 0; c < VECTORS; ++c) b[c] = ws[kk][across + 16 * c];
      [[unroll]] for (uint q = 0; q < VECTORS; ++q) {
        const f16vec4 a = xs[kk][down + 16 * q];
        [[unroll]] for (uint r = 0; r < 4; ++r) {
          [[unroll]] for (uint c = 0; c < VECTORS; ++c) narrow[q * 4 + r][c] = fma(f16vec4(a[r]), b[c], narrow[q * 4 + r][c]);
        }
      }
    }
    [[unroll]] for (uint r = 0; r < TILE; ++r) [[unroll]] for (uint c = 0; c < VECTORS; ++c) sums[r][c] += vec4(narrow[r][c]);
    barrier();
  }
  [[unroll]] for (uint c = 0; c < VECTORS; ++c) {
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      const uint j = column + (across + 16 * c) * 4 + e;
      if (j >= columns) continue;
      const float scale = row_scale[scale_skip + j];
      const float shift = HAS_BIAS ? bias[first_column + j] : 0.0;
      [[unroll]] for (uint r = 0; r < TILE; ++r) {
        const uint i = row + (down + 16 * (r / 4)) * 4 + r % 4;
        if (i >= rows) continue;
        y[i * stride + first_column + j] = sums[r][c][e] * (x_scale[first_row + i] * scale) + shift;
      }
    }
  }
}
