#version 450
// Rows scaled to one root mean square, or with CENTRED to mean 0 and variance 1, then a weight (and bias) for each `per`
// elements. A subgroup, which is a whole workgroup, has a row.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
layout(local_size_x_id = 0) in;
#include "index.glsl"
layout(constant_id = 1) const bool CENTRED = false;
layout(constant_id = 2) const bool HAS_BIAS = false;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer Weight { float weight[]; };
layout(binding = 2) readonly buffer Bias { float bias[]; };
layout(binding = 3) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint rows; uint width; uint groups; uint per; float epsilon; uint first_row; };

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x, row = linear_index() / lanes;
  if (row >= rows) return;
  const uint begin = row * width, channel = (first_row + row) % groups * (width / per);
  float mean = 0.0;
  if (CENTRED) {
    float sum = 0.0;
    for (uint i = lane; i < width; i += lanes) sum += x[begin + i];
    mean = subgroupAdd(sum) / float(width);
    // The rounding of a long sum, once more.
    sum = 0.0;
    for (uint i = lane; i < width; i += lanes) sum += x[begin + i] - mean;
    mean += subgroupAdd(sum) / float(width);
  }
  float squares = 0.0;
  for (uint i = lane; i < width; i += lanes) {
    const float v = x[begin + i] - mean;
    squares = fma(v, v, squares);
  }
  const float inverse = 1.0 / sqrt(subgroupAdd(squares) / float(width) + epsilon);
  for (uint i = lane; i < width; i += lanes) {
    const uint c = channel + i / per;
    y[begin + i] = (x[begin + i] - mean) * inverse * weight[c] + (HAS_BIAS ? bias[c] : 0.0);
  }
}
