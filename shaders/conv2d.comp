#version 450
// Cross-correlation, one output an invocation.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 8) in;
#include "index.glsl"
layout(constant_id = 0) const bool HAS_BIAS = false;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer W { float w[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push {
  uint count; int channels; int height; int width; uint outputs; uint out_height; uint out_width;
  int kernel_height; int kernel_width; int stride; int pad_top; int pad_left;
};

void main() {
  const uint i = linear_index();
  if (i >= count) return;
  const uint j = i % out_width, row = i / out_width % out_height, o = i / (out_width * out_height) % outputs;
  const uint image = i / (out_width * out_height * outputs);
  const int top = int(row) * stride - pad_top, left = int(j) * stride - pad_left;
  const int p_end = min(kernel_height, height - top), q_end = min(kernel_width, width - left);
  float sum = HAS_BIAS ? bias[o] : 0.0;
  for (int c = 0; c < channels; ++c) {
    const int plane = (int(image) * channels + c) * height, filter_plane = (int(o) * channels + c) * kernel_height;
    for (int p = max(0, -top); p < p_end; ++p) {
      const int from = (plane + top + p) * width + left, taps = (filter_plane + p) * kernel_width;
      for (int q = max(0, -left); q < q_end; ++q) sum = fma(x[from + q], w[taps + q], sum);
    }
  }
  y[i] = sum;
}
