// permutations: f32_1 -DSTORED_F32 -DPANELS=1; f32_2 -DSTORED_F32 -DPANELS=2; f32_4 -DSTORED_F32 -DPANELS=4; f16_1 -DSTORED_F16 -DPANELS=1; f16_2 -DSTORED_F16 -DPANELS=2; f16_4 -DSTORED_F16 -DPANELS=4; bf16_1 -DSTORED_BF16 -DPANELS=1; bf16_2 -DSTORED_BF16 -DPANELS=2; bf16_4 -DSTORED_BF16 -DPANELS=4; i8_1 -DSTORED_I8 -DPANELS=1; i8_2 -DSTORED_I8 -DPANELS=2; i8_4 -DSTORED_I8 -DPANELS=4
#version 450
// Cross-correlation as a product that gathers its rows itself: x as pixels of channels (pack_rows.comp), one row for each
// output pixel, columns are output channels, the inner axis is [kernel row, kernel column, channel]. See
// product_texels.comp.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "panels.glsl"
const int kHasBias = 1, kWholeTexels = 2;  // the 8 rows of a workgroup lie in one picture, aligned
layout(binding = 0) uniform samplerBuffer X;  // [picture, height, width, quarter]
layout(binding = 2) readonly buffer Scale { float row_scale[]; };
layout(binding = 3) readonly buffer Bias { float bias[]; };
layout(binding = 4) writeonly buffer Y { float y[]; };
layout(binding = 4) writeonly buffer Y4 { vec4 y4[]; };
layout(push_constant) uniform Push {
  int rows;  // output pixels of all pictures
  int columns; int first_column; int outputs; int panels; int quarter;  // texels of an input pixel
  int height; int width; int out_height; int out_width;
  int kernel_height; int kernel_width; int stride; int pad_top; int pad_left; int flags;
};

void main() {
  const int lane = int(gl_LocalInvocationID.x), group = int(linear_index()) / kLanes;
  const int row_groups = (rows + kRows - 1) / kRows;
  const int row = group % row_groups * kRows, panel = group / row_groups * PANELS;
  if (panel >= panels) return;
  const int plane = out_height * out_width, inner = kernel_height * kernel_width * quarter;
  int top[kRows], left[kRows], picture[kRows], first[PANELS];
  [[unroll]] for (int r = 0; r < kRows; ++r) {
    const int at = min(row + r, rows - 1);
    picture[r] = at / plane;
    top[r] = at % plane / out_width * stride - pad_top;
    left[r] = at % out_width * stride - pad_left;
  }
  [[unroll]] for (int p = 0; p < PANELS; ++p) first[p] = min(panel + p, panels - 1) * inner * 4;
  vec4 sums[kRows][PANELS];
  [[unroll]] for (int r = 0; r < kRows; ++r) [[unroll]] for (int p = 0; p < PANELS; ++p) sums[r][p] = vec4(0.0);
  int tap = 0;
  for (int i = 0; i < kernel_height; ++i) {
    for (int j = 0; j < kernel_width; ++j) {
      int from[kRows];
      bool inside[kRows];
      [[unroll]] for (int r = 0; r < kRows; ++r) {
        const int h = top[r] + i, w = left[r] + j;
        inside[r] = h >= 0 && h < height && w >= 0 && w < width;
        from[r] = ((picture[r] * height + clamp(h, 0, height - 1)) * width + clamp(w, 0, width - 1)) * quarter;
      }
      for (int k = 0; k < quarter; ++k) {
        vec4 w[PANELS][4];
        [[unroll]] for (int p = 0; p < PANELS; ++p) panel_rows(first[p] + (tap + k) * 4, lane, w[p]);
        [[unroll]] for (int r = 0; r < kRows; ++r) {
          const vec4 u = texelFetch(X, from[r] + k);
          const vec4 v = mix(vec4(0.0), u, bvec4(inside[r]));
          [[unroll]] for (int p = 0; p < PANELS; ++p) {
            sums[r][p] = fma(vec4(v.x), w[p][0], sums[r][p]);
            sums[r][p] = fma(vec4(v.y), w[p][1], sums[r][p]);
            sums[r][p] = fma(vec4(v.z), w[p][2], sums[r][p]);
            sums[r][p] = fma(vec4(v.w), w[p][3], sums[r][p]);
          }
        }
      }
      tap += quarter;
    }
  }
  [[unroll]] for (int p = 0; p < PANELS; ++p) {
    [[unroll]] for (int c = 0; c < 4; ++c) {
      const int column = (panel + p) * kLanes * 4 + lane * 4 + c;
      if (panel + p >= panels || column >= columns) continue;
      const int output_ = first_column + column;
#ifdef STORED_I8
      const float scale = row_scale[output_];
#else
      const float scale = 1.0;
#endif
      const float shift = (flags & kHasBias) != 0 ? bias[output_] : 0.0;
      if ((flags & kWholeTexels) != 0) {
        const int to = (picture[0] * outputs + output_) * plane + row % plane;
        y4[to / 4] = vec4(sums[0][p][c], sums[1][p][c], sums[2][p][c], sums[3][p][c]) * scale + shift;
        y4[to / 4 + 1] = vec4(sums[4][p][c], sums[5][p][c], sums[6][p][c], sums[7][p][c]) * scale + shift;
      } else {
        [[unroll]] for (int r = 0; r < kRows; ++r) {
          if (row + r >= rows) break;
          y[(picture[r] * outputs + output_) * plane + (row + r) % plane] = sums[r][p][c] * scale + shift;
        }
      }
    }
  }
}
