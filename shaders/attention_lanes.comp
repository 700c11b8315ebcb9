// permutations: 1_1 -DVALUES=1 -DCOLUMNS=1; 2_1 -DVALUES=2 -DCOLUMNS=1; 4_1 -DVALUES=4 -DCOLUMNS=1; 8_1 -DVALUES=8 -DCOLUMNS=1; 1_4 -DVALUES=1 -DCOLUMNS=4; 2_4 -DVALUES=2 -DCOLUMNS=4; 4_4 -DVALUES=4 -DCOLUMNS=4
#version 450
// softmax(q k^T scale) v inside segments, without a stored score and without barriers, for software Vulkan: 8 queries of
// one head a workgroup of one subgroup of 8. Scores: an invocation has COLUMNS texels of 4 keys; a fetch costs as much as
// many multiply-adds, so more columns for long segments. Results: it has VALUES texels of a head.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_shuffle : require
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

// Adds the values of 32 keys from `begin` on; an invocation holds the weights of four.
void add_values(vec4 weights[kQueries], int begin, int lane, ivec4 task, int kv_head, inout vec4 sums[kQueries][VALUES]) {
  const int keys = task.w, owners = min(kLanes, (keys - begin + 3) / 4);
  // Not unrolled: eight times the code takes drivers longer to compile than it saves.
  [[dont_unroll]] for (int owner = 0; owner < owners; ++owner) {
    [[unroll]] for (int e = 0; e < 4; ++e) {
      const int row = task.z + min(begin + owner * 4 + e, keys - 1);
      vec4 v[VALUES];
      [[unroll]] for (int p = 0; p < VALUES; ++p) {
        v[p] = texelFetch(V, (row * kv_heads + kv_head) * quarter + min(p * kLanes + lane, quarter - 1));
      }
      [[unroll]] for (int r = 0; r < kQueries; ++r) {
        // A broadcast of an invocation that is not constant; software Vulkan has an instruction for shuffles alone.
        const vec4 weight = vec4(subgroupShuffle(weights[r][e], uint(owner)));
        [[unroll]] for (int p = 0; p < VALUES; ++p) sums[r][p] = fma(weight, v[p], sums[r][p]);
      }
    }
  }
}

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
  for (int first = 0; first < keys; first += kLanes * 4 * COLUMNS) {
    vec4 s[COLUMNS][kQueries];
    int column[COLUMNS];
    [[unroll]] for (int c = 0; c < COLUMNS; ++c) {
      column[c] = key_texel + min(first / 4 + c * kLanes + lane, (keys - 1) / 4);
      [[unroll]] for (int r = 0; r < kQueries; ++r) s[c][r] = vec4(0.0);
    }
    for (int d = 0; d < quarter; ++d) {
      vec4 k[COLUMNS][4];
      [[unroll]] for (int e = 0; e < 4; ++e) {
        const int at = (kv_head * quarter * 4 + d * 4 + e) * key_texels;
        [[unroll]] for (int c = 0; c < COLUMNS; ++c) k[c][e] = texelFetch(Kt, at + column[c]);
      }
      [[unroll]] for (int r = 0; r < kQueries; ++r) {
        const vec4 q = texelFetch(Q, from[r] + d);
        [[unroll]] for (int c = 0; c < COLUMNS; ++c) {
          s[c][r] = fma(vec4(q.x), k[c][0], s[c][r]);
          s[c][r] = fma(vec4(q.y), k[c][1], s[c][r]);
          s[c][r] = fma(vec4(q.z), k[c][2], s[c][r]);
          s[c][r] = fma(vec4(q.w), k[c][3], s[c][r]);
        }
      }
    }
    [[unroll]] for (int r = 0; r < kQueries; ++r) {
      float own = uintBitsToFloat(0xff800000u);
      [[unroll]] for (int c = 0; c < COLUMNS; ++c) {
        const bvec4 there = lessThan(ivec4(first + (c * kLanes + lane) * 4) + ivec4(0, 1, 2, 3), ivec4(keys));
        s[c][r] = mix(vec4(uintBitsToFloat(0xff800000u)), s[c][r] * scale, there);
        own = max(own, max(max(s[c][r].x, s[c][r].y), max(s[c][r].z, s[c][r].w)));
      }
      const float peak = max(peaks[r], subgroupMax(own));
      const float shrink = exp_below(vec4(peaks[r] - peak)).x;
      totals[r] *= shrink;
      [[unroll]] for (int c = 0; c < COLUMNS; ++c) {
        s[c][r] = exp_below(s[c][r] - peak);
        totals[r] += (s[c][r].x + s[c][r].y) + (s[c][r].z + s[c][r].w);
      }
      [[unroll]] for (int p = 0; p < VALUES; ++p) sums[r][p] *= shrink;
      peaks[r] = peak;
    }
    add_values(s[0], first, lane, task, kv_head, sums);
#if COLUMNS == 4  // one by one: compilers do not unroll a loop that has a loop inside
    add_values(s[1], first + 1 * kLanes * 4, lane, task, kv_head, sums);
    add_values(s[2], first + 2 * kLanes * 4, lane, task, kv_head, sums);
    add_values(s[3], first + 3 * kLanes * 4, lane, task, kv_head, sums);
#endif
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
