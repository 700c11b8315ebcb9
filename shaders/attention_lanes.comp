// permutations: 1 -DVALUES=1; 2 -DVALUES=2; 4 -DVALUES=4; 8 -DVALUES=8
#version 450
// softmax(q k^T scale) v inside segments, without a stored score and without barriers, for software Vulkan: 8 queries of
// one head a workgroup of one subgroup of 8. Scores: an invocation has 4 keys. Results: it has VALUES texels of a head.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_arithmetic : require
layout(local_size_x = 8) in;
#include "index.glsl"
#include "exp_below.glsl"
#define kLanes 8
#define kQueries 8
layout(binding = 0) uniform samplerBuffer Q;   // [rows, heads, quarter] texels of four
layout(binding = 1) uniform samplerBuffer Kt;  // [kv_heads, quarter * 4, key_texels]: keys side by side, as `Tasks` has them
layout(binding = 2) uniform samplerBuffer V;   // [rows, kv_heads, quarter]
layout(binding = 3) readonly buffer Tasks { ivec4 tasks[]; };  // first query, queries, first row of the segment, its rows
layout(binding = 4) readonly buffer Keys { int first_texel[]; };  // of each task's segment in a row of Kt
layout(binding = 5) writeonly buffer Y { float y[]; };  // [rows, heads, head_dim]
layout(push_constant) uniform Push {
  int task_count; int heads; int kv_heads; int head_dim; int quarter; int key_texels; float scale;
};

void main() {
  const int lane = int(gl_LocalInvocationID.x), group = int(linear_index()) / kLanes;
  const int head = group / task_count, kv_head = head / (heads / kv_heads);
  if (head >= heads) return;
  const ivec4 task = tasks[group % task_count];
  const int keys = task.w, key_texel = first_texel[group % task_count];
  int from[kQueries];
  [[unroll]] for (int r = 0; r < kQueries; ++r) from[r] = ((task.x + min(r, task.y - 1)) * heads + head) * quarter;
  vec4 sums[kQueries][VALUES];
  float peaks[kQueries], totals[kQueries];  // totals: of the keys of this invocation
  [[unroll]] for (int r = 0; r < kQueries; ++r) {
    peaks[r] = uintBitsToFloat(0xff800000u);
    totals[r] = 0.0;
    [[unroll]] for (int p = 0; p < VALUES; ++p) sums[r][p] = vec4(0.0);
  }
  for (int first = 0; first < keys; first += kLanes * 4) {
    vec4 s[kQueries];
    [[unroll]] for (int r = 0; r < kQueries; ++r) s[r] = vec4(0.0);
    const int at = first / 4 + lane, column = key_texel + min(at, (keys - 1) / 4);
    for (int d = 0; d < quarter; ++d) {
      vec4 k[4];
      [[unroll]] for (int e = 0; e < 4; ++e) k[e] = texelFetch(Kt, (kv_head * quarter * 4 + d * 4 + e) * key_texels + column);
      [[unroll]] for (int r = 0; r < kQueries; ++r) {
        const vec4 q = texelFetch(Q, from[r] + d);
        s[r] = fma(vec4(q.x), k[0], s[r]);
        s[r] = fma(vec4(q.y), k[1], s[r]);
        s[r] = fma(vec4(q.z), k[2], s[r]);
        s[r] = fma(vec4(q.w), k[3], s[r]);
      }
    }
    const bvec4 there = lessThan(ivec4(at * 4) + ivec4(0, 1, 2, 3), ivec4(keys));
    [[unroll]] for (int r = 0; r < kQueries; ++r) {
      s[r] = mix(vec4(uintBitsToFloat(0xff800000u)), s[r] * scale, there);
      const float peak = max(peaks[r], subgroupMax(max(max(s[r].x, s[r].y), max(s[r].z, s[r].w))));
      const float shrink = exp_below(vec4(peaks[r] - peak)).x;
      s[r] = exp_below(s[r] - peak);
      totals[r] = totals[r] * shrink + ((s[r].x + s[r].y) + (s[r].z + s[r].w));
      [[unroll]] for (int p = 0; p < VALUES; ++p) sums[r][p] *= shrink;
      peaks[r] = peak;
    }
    [[unroll]] for (int owner = 0; owner < kLanes; ++owner) {
      if (first + owner * 4 >= keys) break;
      [[unroll]] for (int e = 0; e < 4; ++e) {
        const int row = task.z + min(first + owner * 4 + e, keys - 1);
        vec4 v[VALUES];
        [[unroll]] for (int p = 0; p < VALUES; ++p) {
          v[p] = texelFetch(V, (row * kv_heads + kv_head) * quarter + min(p * kLanes + lane, quarter - 1));
        }
        [[unroll]] for (int r = 0; r < kQueries; ++r) {
          const vec4 weight = vec4(subgroupBroadcast(s[r][e], owner));
          [[unroll]] for (int p = 0; p < VALUES; ++p) sums[r][p] = fma(weight, v[p], sums[r][p]);
        }
      }
    }
  }
  [[unroll]] for (int r = 0; r < kQueries; ++r) {
    const float total = subgroupAdd(totals[r]);
    if (r >= task.y) break;
    [[unroll]] for (int p = 0; p < VALUES; ++p) {
      const int d = (p * kLanes + lane) * 4;
      const vec4 v = sums[r][p] / total;
      [[unroll]] for (int e = 0; e < 4; ++e) {
        if (d + e < head_dim) y[((task.x + r) * heads + head) * head_dim + d + e] = v[e];
      }
    }
  }
}
