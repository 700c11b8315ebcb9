// permutations: f32_1 -DSTORED_F32 -DPANELS=1; f32_2 -DSTORED_F32 -DPANELS=2; f32_4 -DSTORED_F32 -DPANELS=4; f16_1 -DSTORED_F16 -DPANELS=1; f16_2 -DSTORED_F16 -DPANELS=2; f16_4 -DSTORED_F16 -DPANELS=4; bf16_1 -DSTORED_BF16 -DPANELS=1; bf16_2 -DSTORED_BF16 -DPANELS=2; bf16_4 -DSTORED_BF16 -DPANELS=4; i8_1 -DSTORED_I8 -DPANELS=1; i8_2 -DSTORED_I8 -DPANELS=2; i8_4 -DSTORED_I8 -DPANELS=4; q8_0_1 -DSTORED_Q8_0 -DPANELS=1; q8_0_2 -DSTORED_Q8_0 -DPANELS=2; q8_0_4 -DSTORED_Q8_0 -DPANELS=4; q4_1 -DSTORED_Q4 -DPANELS=1; q4_2 -DSTORED_Q4 -DPANELS=2; q4_4 -DSTORED_Q4 -DPANELS=4; codes_1 -DSTORED_I8 -DCODES -DPANELS=1; codes_2 -DSTORED_I8 -DCODES -DPANELS=2; codes_4 -DSTORED_I8 -DCODES -DPANELS=4
#version 450
// y[row, column] = sum_k x[row, k] w[column, k] (+ bias) without shared memory or barriers, both operands through texel
// fetches, for software Vulkan: 8 rows and PANELS texels of 4 columns an invocation, 8 invocations a workgroup.
// CODES: both operands are codes of 8 bits with a factor for each row; whole numbers add up exactly as floats to 2^24.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "panels.glsl"
// Drivers of software Vulkan compile for longer than such a product takes, so flags are no constants.
const int kHasBias = 1, kWholeTexels = 2;  // every column texel of y begins at a multiple of four
#ifdef CODES
layout(binding = 0) uniform isamplerBuffer X;
layout(binding = 5) readonly buffer XScale { float x_scale[]; };  // of rows of x
#else
layout(binding = 0) uniform samplerBuffer X;  // [.., quarter] texels of four k
#endif
layout(binding = 2) readonly buffer Scale { float row_scale[]; };
layout(binding = 3) readonly buffer Bias { float bias[]; };
layout(binding = 4) writeonly buffer Y { float y[]; };
layout(binding = 4) writeonly buffer Y4 { vec4 y4[]; };
layout(push_constant) uniform Push {
  int rows;          // of this call
  int first_row;     // of x
  int quarter;       // texels of a row of x
  int columns;       // of this call
  int lead;          // columns of the first panel before the first one
  int first_panel;
  int panels;        // of this call
  int scale_skip;    // rows of row_scale before the first column
  int first_column;  // of y and bias
  int stride;        // of y
  int flags;
};

void main() {
  const int lane = int(gl_LocalInvocationID.x), group = int(linear_index()) / kLanes;
  // Neighbouring workgroups share columns, so their panels stay in the cache.
  const int row_groups = (rows + kRows - 1) / kRows;
  const int row = group % row_groups * kRows, panel = group / row_groups * PANELS;
  if (panel >= panels) return;
  int from[kRows], first[PANELS];
  [[unroll]] for (int r = 0; r < kRows; ++r) from[r] = (first_row + min(row + r, rows - 1)) * quarter;
  [[unroll]] for (int p = 0; p < PANELS; ++p) {
    first[p] = (first_panel + min(panel + p, panels - 1)) * quarter * 4;
  }
  vec4 sums[kRows][PANELS];
  [[unroll]] for (int r = 0; r < kRows; ++r) [[unroll]] for (int p = 0; p < PANELS; ++p) sums[r][p] = vec4(0.0);
  for (int k = 0; k < quarter; ++k) {
    vec4 w[PANELS][4];
    [[unroll]] for (int p = 0; p < PANELS; ++p) panel_rows(first[p] + k * 4, lane, w[p]);
    [[unroll]] for (int r = 0; r < kRows; ++r) {
      const vec4 v = vec4(texelFetch(X, from[r] + k));
      [[unroll]] for (int p = 0; p < PANELS; ++p) {
        sums[r][p] = fma(vec4(v.x), w[p][0], sums[r][p]);
        sums[r][p] = fma(vec4(v.y), w[p][1], sums[r][p]);
        sums[r][p] = fma(vec4(v.z), w[p][2], sums[r][p]);
        sums[r][p] = fma(vec4(v.w), w[p][3], sums[r][p]);
      }
    }
  }
  [[unroll]] for (int p = 0; p < PANELS; ++p) {
    const int column = (panel + p) * kLanes * 4 + lane * 4 - lead;
    if (panel + p >= panels || column >= columns || column + 4 <= 0) continue;
    vec4 scale = vec4(1.0), shift = vec4(0.0);
    [[unroll]] for (int i = 0; i < 4; ++i) {
      const int c = clamp(column + i, 0, columns - 1);
#ifdef STORED_I8
      scale[i] = row_scale[scale_skip + c];
#endif
      if ((flags & kHasBias) != 0) shift[i] = bias[first_column + c];
    }
    [[unroll]] for (int r = 0; r < kRows; ++r) {
      if (row + r >= rows) break;
#ifdef CODES
      const vec4 v = sums[r][p] * (x_scale[first_row + row + r] * scale) + shift;
#else
      const vec4 v = sums[r][p] * scale + shift;
#endif
      const int to = (row + r) * stride + first_column + column;
      if ((flags & kWholeTexels) != 0) {
        y4[to / 4] = v;
      } else {
        [[unroll]] for (int i = 0; i < 4; ++i) {
          if (column + i >= 0 && column + i < columns) y[to + i] = v[i];
        }
      }
    }
  }
}
