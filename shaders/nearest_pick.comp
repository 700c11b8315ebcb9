#version 450
// The nearest code of each row: the first of the largest products minus half the squared length of the code. A subgroup,
// which is a whole workgroup, has a row.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_arithmetic : require
layout(local_size_x_id = 0) in;
#include "index.glsl"
layout(binding = 0) readonly buffer Products { float products[]; };  // [rows, codes]
layout(binding = 1) readonly buffer Lengths { float lengths[]; };    // squared, of each code
layout(binding = 2) writeonly buffer Y { int y[]; };
layout(push_constant) uniform Push { uint rows; uint codes; };

void main() {
  const uint lanes = gl_WorkGroupSize.x, lane = gl_LocalInvocationID.x, row = linear_index() / lanes;
  if (row >= rows) return;
  float best = uintBitsToFloat(0xff800000u);
  uint at = lane;
  for (uint i = lane; i < codes; i += lanes) {
    const float score = products[row * codes + i] - 0.5 * lengths[i];
    if (score > best) {
      best = score;
      at = i;
    }
  }
  const float most = subgroupMax(best);
  at = subgroupMin(best == most ? at : codes - 1);
  if (lane == 0) y[row] = int(min(at, codes - 1));
}
