// permutations: nv; khr --to-khr; i8_nv -DSTORED_I8; i8_khr -DSTORED_I8 --to-khr; q8_0_nv -DSTORED_Q8_0; q8_0_khr -DSTORED_Q8_0 --to-khr; q4_0_nv -DSTORED_Q4_0; q4_0_khr -DSTORED_Q4_0 --to-khr; q4_1_nv -DSTORED_Q4_1; q4_1_khr -DSTORED_Q4_1 --to-khr
#version 450
// y[row, column] = (sum_k x[row, k] w[column, k]) * x_scale[row] * row_scale[column] (+ bias) of f16, two to a word, as
// product_halves.comp, or of w as codes, widened to f16 on the way to shared memory: exact for i8; elements of blocks are
// divided by row_scale[0], which is no less than any of them, and rounded. By cooperative matrices: a subgroup multiplies matrices of M x K by K x N and adds them up in f32.
// A workgroup has DOWN x ACROSS subgroups, each with MATRICES_DOWN x MATRICES_ACROSS matrices of sums; blocks of both
// operands lie in shared memory, and the next block is read from memory while one is multiplied. Written for
// VK_NV_cooperative_matrix, which glslc knows; the module for VK_KHR_cooperative_matrix is made from it (spirv_to_khr).
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_NV_cooperative_matrix : require
#pragma use_vulkan_memory_model
layout(local_size_x_id = 0) in;
#include "index.glsl"
layout(constant_id = 1) const bool HAS_BIAS = false;
layout(constant_id = 2) const uint M = 16;
layout(constant_id = 3) const uint N = 16;
layout(constant_id = 4) const uint K = 16;
layout(constant_id = 5) const uint DOWN = 2;
layout(constant_id = 6) const uint ACROSS = 2;
layout(constant_id = 7) const uint MATRICES_DOWN = 2;
layout(constant_id = 8) const uint MATRICES_ACROSS = 2;
layout(constant_id = 9) const uint DEPTH = 32;  // k of a block: a multiple of K and of 8
layout(binding = 0) readonly buffer X { uvec4 x[]; };
layout(binding = 1) readonly buffer XScale { float x_scale[]; };
#if defined(STORED_I8)
#define STORED
#elif defined(STORED_Q8_0) || defined(STORED_Q4_0) || defined(STORED_Q4_1)
#define STORED
#define BLOCKS
#endif
#ifdef STORED
layout(binding = 2) readonly buffer W { uint stored[]; };
#include "stored.glsl"
#else
layout(binding = 2) readonly buffer W { uvec4 w[]; };
#endif
layout(binding = 3) readonly buffer Scale { float row_scale[]; };
layout(binding = 4) readonly buffer Bias { float bias[]; };
layout(binding = 5) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push {
  uint rows;          // of this call
  uint first_row;     // of x and x_scale
  uint inner;
  uint columns;       // of this call
  uint skip;          // rows of w before the first column
  uint scale_skip;    // rows of row_scale before it
  uint first_column;  // of y and bias
  uint stride;        // of y
};

const uint TILE_ROWS = DOWN * MATRICES_DOWN * M, TILE_COLUMNS = ACROSS * MATRICES_ACROSS * N;
const uint THREADS = gl_WorkGroupSize.x;
// Rows in shared memory begin at multiples of 16 bytes, and not all in the same banks.
const uint BLOCK = DEPTH / 8, PITCH = BLOCK + 1, SUMS_PITCH = N + 4;
shared uvec4 xs[TILE_ROWS * PITCH];
shared uvec4 ws[TILE_COLUMNS * PITCH];
shared float finished[DOWN * ACROSS * M * SUMS_PITCH];  // a matrix of sums of each subgroup

// Rows of x, and of w where it is f16, are whole eights.
#define EIGHTS ((inner + 7) / 8)
uvec4 w_eight(uint m, uint q) {
#ifdef STORED
  vec4 low = vec4(0.0), high = vec4(0.0);
  const uint from = m * inner + q * 8;
  if (inner % 4 == 0) {
    low = stored_four(from);
    if (q * 8 + 4 < inner) high = stored_four(from + 4);
  } else {
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      if (q * 8 + e < inner) low[e] = stored_at(from + e);
      if (q * 8 + 4 + e < inner) high[e] = stored_at(from + 4 + e);
    }
  }
#ifdef BLOCKS
  const float inverse = 1.0 / row_scale[0];  // of a power of two
  low *= inverse;
  high *= inverse;
#endif
  return uvec4(packHalf2x16(low.xy), packHalf2x16(low.zw), packHalf2x16(high.xy), packHalf2x16(high.zw));
#else
  return w[m * EIGHTS + q];
#endif
}

const uint XS_EACH = (TILE_ROWS * BLOCK + THREADS - 1) / THREADS, WS_EACH = (TILE_COLUMNS * BLOCK + THREADS - 1) / THREADS;

void main() {
  const uint t = gl_LocalInvocationID.x, group = linear_index() / THREADS;
  const uint column_groups = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const uint row = group / column_groups * TILE_ROWS, column = group % column_groups * TILE_COLUMNS;
  if (row >= rows) return;  // the whole workgroup
  const uint down = gl_SubgroupID / ACROSS * MATRICES_DOWN, across = gl_SubgroupID % ACROSS * MATRICES_ACROSS;
  fcoopmatNV<32, gl_ScopeSubgroup, M, N> sums[MATRICES_DOWN * MATRICES_ACROSS];
  [[unroll]] for (uint i = 0; i < MATRICES_DOWN * MATRICES_ACROSS; ++i) sums[i] = fcoopmatNV<32, gl_ScopeSubgroup, M, N>(0.0);
  const uint eights = EIGHTS;
  uvec4 next_x[XS_EACH], next_w[WS_EACH];
  for (uint q0 = 0; q0 < eights + BLOCK; q0 += BLOCK) {
    if (q0 > 0) {
      [[unroll]] for (uint i = 0; i < XS_EACH; ++i) {
        const uint at = t + THREADS * i;
        if (at < TILE_ROWS * BLOCK) xs[at / BLOCK * PITCH + at % BLOCK] = next_x[i];
      }
      [[unroll]] for (uint i = 0; i < WS_EACH; ++i) {
        const uint at = t + THREADS * i;
        if (at < TILE_COLUMNS * BLOCK) ws[at / BLOCK * PITCH + at % BLOCK] = next_w[i];
      }
      barrier();
    }
    [[unroll]] for (uint i = 0; i < XS_EACH; ++i) {
      const uint at = t + THREADS * i, m = at / BLOCK, q = q0 + at % BLOCK;
      next_x[i] = q < eights ? x[(first_row + min(row + m, rows - 1)) * eights + q] : uvec4(0);
    }
    [[unroll]] for (uint i = 0; i < WS_EACH; ++i) {
      const uint at = t + THREADS * i, m = at / BLOCK, q = q0 + at % BLOCK;
      next_w[i] = q < eights ? w_eight(skip + min(column + m, columns - 1), q) : uvec4(0);
    }
    if (q0 == 0) continue;
    [[unroll]] for (uint k = 0; k < DEPTH; k += K) {
      fcoopmatNV<16, gl_ScopeSubgroup, M, K> a[MATRICES_DOWN];
      [[unroll]] for (uint r = 0; r < MATRICES_DOWN; ++r) coopMatLoadNV(a[r], xs, (down + r) * M * PITCH + k / 8, PITCH, false);
      [[unroll]] for (uint c = 0; c < MATRICES_ACROSS; ++c) {
        fcoopmatNV<16, gl_ScopeSubgroup, K, N> b;
        coopMatLoadNV(b, ws, (across + c) * N * PITCH + k / 8, PITCH, true);
        [[unroll]] for (uint r = 0; r < MATRICES_DOWN; ++r) {
          sums[r * MATRICES_ACROSS + c] = coopMatMulAddNV(a[r], b, sums[r * MATRICES_ACROSS + c]);
        }
      }
    }
    barrier();
  }
  const uint mine = gl_SubgroupID * M * SUMS_PITCH;
  [[unroll]] for (uint r = 0; r < MATRICES_DOWN; ++r) {
    [[unroll]] for (uint c = 0; c < MATRICES_ACROSS; ++c) {
      subgroupBarrier();
      coopMatStoreNV(sums[r * MATRICES_ACROSS + c], finished, mine, SUMS_PITCH, false);
      subgroupBarrier();
      for (uint at = gl_SubgroupInvocationID; at < M * N; at += gl_SubgroupSize) {
        const uint i = row + (down + r) * M + at / N, j = column + (across + c) * N + at % N;
        if (i >= rows || j >= columns) continue;
        const float shift = HAS_BIAS ? bias[first_column + j] : 0.0;
#ifdef BLOCKS
        const float scale = x_scale[first_row + i] * row_scale[0];
#else
        const float scale = x_scale[first_row + i] * row_scale[scale_skip + j];
#endif
        y[i * stride + first_column + j] = finished[mine + at / N * SUMS_PITCH + at % N] * scale + shift;
      }
    }
  }
}
