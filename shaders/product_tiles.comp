// permutations: f32 -DSTORED_F32; f16 -DSTORED_F16; bf16 -DSTORED_BF16; i8 -DSTORED_I8; conv_f32 -DSTORED_F32 -DCONV; conv_f16 -DSTORED_F16 -DCONV; conv_bf16 -DSTORED_BF16 -DCONV; conv_i8 -DSTORED_I8 -DCONV; q8_0 -DSTORED_Q8_0; q4_0 -DSTORED_Q4_0; q4_1 -DSTORED_Q4_1
#version 450
// y[row, column] = sum_k x[row, k] w[column, k] (+ bias) for GPUs: blocks of both operands in shared memory, a block of
// TILE x TILE results in the registers of each of 16 x 16 invocations, sums in f32. With CONV the rows are output pixels
// and x is a picture [C, H, W] whose elements are gathered; k is [channel, kernel row, kernel column], as w is stored.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 256) in;
#include "index.glsl"
layout(constant_id = 0) const bool HAS_BIAS = false;
layout(constant_id = 1) const bool FOURS = false;  // rows of both operands begin at multiples of four elements
layout(constant_id = 2) const uint TILE = 4;       // 4 or 8
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
  uint stride;        // of y: columns, or output channels
#ifdef CONV
  int height; int width; uint out_height; uint out_width;
  uint kernel_height; uint kernel_width; uint step_; int pad_top; int pad_left;
#endif
};
#include "stored.glsl"

const uint SIDE = 16 * TILE, DEPTH = 16, VECTORS = TILE / 4;
shared vec4 xs[DEPTH][SIDE / 4 + 1];
shared vec4 ws[DEPTH][SIDE / 4 + 1];

#ifdef CONV
float x_at(uint row, uint k) {
  const uint plane = out_height * out_width, taps = kernel_height * kernel_width;
  const uint channel = k / taps, tap = k % taps, at = row % plane;
  const int h = int(at / out_width * step_ + tap / kernel_width) - pad_top;
  const int w = int(at % out_width * step_ + tap % kernel_width) - pad_left;
  if (h < 0 || h >= height || w < 0 || w >= width) return 0.0;
  return x[((row / plane * (inner / taps) + channel) * uint(height) + uint(h)) * uint(width) + uint(w)];
}
#endif

void main() {
  const uint t = gl_LocalInvocationID.x, group = linear_index() / 256;
  const uint column_groups = (columns + SIDE - 1) / SIDE;
  const uint row = group / column_groups * SIDE, column = group % column_groups * SIDE;
  if (row >= rows) return;  // the whole workgroup
  const uint across = t % 16, down = t / 16;
  vec4 sums[8][2];
  [[unroll]] for (uint r = 0; r < TILE; ++r) [[unroll]] for (uint c = 0; c < VECTORS; ++c) sums[r][c] = vec4(0.0);
  for (uint k0 = 0; k0 < inner; k0 += DEPTH) {
    [[unroll]] for (uint i = 0; i < VECTORS; ++i) {
      // Four k of a row of each operand: four invocations read 16 in a row.
      const uint m = t / 4 + 64 * i, kk = t % 4 * 4, k = k0 + kk;
      vec4 u = vec4(0.0), v = vec4(0.0);
      const uint from = (first_row + min(row + m, rows - 1)) * inner + k;
      const uint other = (skip + min(column + m, columns - 1)) * inner + k;
      if (FOURS) {
        if (k < inner) {
#ifndef CONV
          u = vec4(x[from], x[from + 1], x[from + 2], x[from + 3]);
#endif
          v = stored_four(other);
        }
      } else {
        [[unroll]] for (uint e = 0; e < 4; ++e) {
          if (k + e < inner) {
#ifndef CONV
            u[e] = x[from + e];
#endif
            v[e] = stored_at(other + e);
          }
        }
      }
      [[unroll]] for (uint e = 0; e < 4; ++e) {
#ifndef CONV
        xs[kk + e][m / 4][m % 4] = u[e];
#endif
        ws[kk + e][m / 4][m % 4] = v[e];
      }
    }
#ifdef CONV
    [[unroll]] for (uint i = 0; i < TILE; ++i) {
      // Neighbouring invocations read neighbouring pixels.
      const uint at = t + 256 * i, m = at % SIDE, kk = at / SIDE;
      xs[kk][m / 4][m % 4] = k0 + kk < inner ? x_at(min(row + m, rows - 1), k0 + kk) : 0.0;
    }
#endif
    barrier();
    [[unroll]] for (uint kk = 0; kk < DEPTH; ++kk) {
      vec4 b[2];
      [[unroll]] for (uint c = 0; c < VECTORS; ++c) b[c] = ws[kk][across + 16 * c];
      [[unroll]] for (uint q = 0; q < VECTORS; ++q) {
        const vec4 a = xs[kk][down + 16 * q];
        [[unroll]] for (uint r = 0; r < 4; ++r) {
          [[unroll]] for (uint c = 0; c < VECTORS; ++c) sums[q * 4 + r][c] = fma(vec4(a[r]), b[c], sums[q * 4 + r][c]);
        }
      }
    }
    barrier();
  }
  [[unroll]] for (uint c = 0; c < VECTORS; ++c) {
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      const uint j = column + (across + 16 * c) * 4 + e;
      if (j >= columns) continue;
#ifdef STORED_I8
      const float scale = row_scale[scale_skip + j];
#else
      const float scale = 1.0;
#endif
      const float shift = HAS_BIAS ? bias[first_column + j] : 0.0;
      [[unroll]] for (uint r = 0; r < TILE; ++r) {
        const uint i = row + (down + 16 * (r / 4)) * 4 + r % 4;
        if (i >= rows) continue;
        const float v = sums[r][c][e] * scale + shift;
#ifdef CONV
        const uint plane = out_height * out_width;
        y[(i / plane * stride + first_column + j) * plane + i % plane] = v;
#else
        y[i * stride + first_column + j] = v;
#endif
      }
    }
  }
}
