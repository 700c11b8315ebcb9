// permutations: dot -DDOT; tiles -DUNPACKED
#version 450
// y[row, column] = (sum_k x[row, k] w[column, k]) * x_scale[row] * row_scale[column] (+ bias) of codes of 8 bits, four to a
// word, with sums in 32 bits that are exact: as product_tiles.comp, a block of TILE x TILE results in the registers of each
// of 16 x 16 invocations. DOT: by the device's dot product of four codes, for which glslc has no name.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef DOT
#extension GL_EXT_spirv_intrinsics : require
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6019, 6018], id = 4450)
int signed_dot(int a, int b, spirv_literal int format);  // OpSDot; DotProductKHR, DotProductInput4x8BitPackedKHR
#define DOT_OF(a, b) signed_dot(a, b, 0)                 // PackedVectorFormat4x8Bit
#else
int DOT_OF(int a, int b) {
  return bitfieldExtract(a, 0, 8) * bitfieldExtract(b, 0, 8) + bitfieldExtract(a, 8, 8) * bitfieldExtract(b, 8, 8) +
         bitfieldExtract(a, 16, 8) * bitfieldExtract(b, 16, 8) + (a >> 24) * (b >> 24);
}
#endif
layout(local_size_x = 256) in;
#include "index.glsl"
layout(constant_id = 0) const bool HAS_BIAS = false;
layout(constant_id = 1) const uint TILE = 4;  // 4 or 8
layout(binding = 0) readonly buffer X { int x[]; };
layout(binding = 1) readonly buffer XScale { float x_scale[]; };
layout(binding = 2) readonly buffer W { int w[]; };
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
shared ivec4 xs[DEPTH][SIDE / 4 + 1];
shared ivec4 ws[DEPTH][SIDE / 4 + 1];

void main() {
  const uint t = gl_LocalInvocationID.x, group = linear_index() / 256;
  const uint column_groups = (columns + SIDE - 1) / SIDE;
  const uint row = group / column_groups * SIDE, column = group % column_groups * SIDE;
  if (row >= rows) return;  // the whole workgroup
  const uint across = t % 16, down = t / 16;
  ivec4 sums[8][2];
  [[unroll]] for (uint r = 0; r < TILE; ++r) [[unroll]] for (uint c = 0; c < VECTORS; ++c) sums[r][c] = ivec4(0);
  for (uint k0 = 0; k0 < words; k0 += DEPTH) {
    [[unroll]] for (uint i = 0; i < TILE; ++i) {
      // Sixteen neighbouring invocations read the sixteen words of a row.
      const uint m = t / 16 + 16 * i, kk = t % 16, k = k0 + kk;
      const bool there = k < words;
      xs[kk][m / 4][m % 4] = there ? x[(first_row + min(row + m, rows - 1)) * words + k] : 0;
      ws[kk][m / 4][m % 4] = there ? w[(skip + min(column + m, columns - 1)) * words + k] : 0;
    }
    barrier();
    [[unroll]] for (uint kk = 0; kk < DEPTH; ++kk) {
      ivec4 b[2];
      [[unroll]] for (uint c = 0; c < VECTORS; ++c) b[c] = ws[kk][across + 16 * c];
      [[unroll]] for (uint q = 0; q < VECTORS; ++q) {
        const ivec4 a = xs[kk][down + 16 * q];
        [[unroll]] for (uint r = 0; r < 4; ++r) {
          [[unroll]] for (uint c = 0; c < VECTORS; ++c) {
            sums[q * 4 + r][c] += ivec4(DOT_OF(a[r], b[c].x), DOT_OF(a[r], b[c].y), DOT_OF(a[r], b[c].z), DOT_OF(a[r], b[c].w));
          }
        }
      }
    }
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
        y[i * stride + first_column + j] = float(sums[r][c][e]) * (x_scale[first_row + i] * scale) + shift;
      }
    }
  }
}
