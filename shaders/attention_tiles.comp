// permutations: 1 -DCHUNKS=1; 2 -DCHUNKS=2; 4 -DCHUNKS=4
#version 450
// softmax(q k^T scale) v inside segments for GPUs, without a stored score: 32 queries of one head a workgroup, 32 keys at a
// time, heads in chunks of 64. An invocation has 2 queries; 8 invocations share them.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 128) in;
#include "index.glsl"
#include "exp_below.glsl"
layout(binding = 0) readonly buffer Q { float q[]; };  // [rows, heads, head_dim]
layout(binding = 1) readonly buffer K { float k[]; };  // [rows, kv_heads, head_dim]
layout(binding = 2) readonly buffer V { float v[]; };
layout(binding = 3) readonly buffer Tasks { ivec4 tasks[]; };  // first query, queries, first row of the segment, its rows
layout(binding = 4) writeonly buffer Y { float y[]; };  // [rows, heads, head_dim]
layout(push_constant) uniform Push { int task_count; int heads; int kv_heads; int head_dim; float scale; };

const int QUERIES = 32, KEYS = 32, CHUNK = 16;  // texels of four
shared vec4 qs[QUERIES][CHUNK + 1];
shared vec4 ks[KEYS][CHUNK + 1];  // and values
shared float ps[QUERIES][KEYS + 1];

vec4 four_of_q(int row, int head, int d) {
  const int from = (row * heads + head) * head_dim + d;
  vec4 u = vec4(0.0);
  [[unroll]] for (int e = 0; e < 4; ++e) if (d + e < head_dim) u[e] = q[from + e];
  return u;
}
vec4 four_of_k(int row, int head, int d) {
  const int from = (row * kv_heads + head) * head_dim + d;
  vec4 u = vec4(0.0);
  [[unroll]] for (int e = 0; e < 4; ++e) if (d + e < head_dim) u[e] = k[from + e];
  return u;
}
vec4 four_of_v(int row, int head, int d) {
  const int from = (row * kv_heads + head) * head_dim + d;
  vec4 u = vec4(0.0);
  [[unroll]] for (int e = 0; e < 4; ++e) if (d + e < head_dim) u[e] = v[from + e];
  return u;
}

void main() {
  const int t = int(gl_LocalInvocationID.x), group = int(linear_index()) / 128;
  const int head = group / task_count, kv_head = head / (heads / kv_heads);
  if (head >= heads) return;  // the whole workgroup
  const ivec4 task = tasks[group % task_count];
  const int lane = t % 8, pair = t / 8 * 2;
  vec4 sums[2][CHUNKS * 2];
  float peaks[2], totals[2];
  [[unroll]] for (int r = 0; r < 2; ++r) {
    peaks[r] = uintBitsToFloat(0xff800000u);
    totals[r] = 0.0;
    [[unroll]] for (int c = 0; c < CHUNKS * 2; ++c) sums[r][c] = vec4(0.0);
  }
  for (int first = 0; first < task.w; first += KEYS) {
    float s[2][4];
    [[unroll]] for (int r = 0; r < 2; ++r) [[unroll]] for (int e = 0; e < 4; ++e) s[r][e] = 0.0;
    [[unroll]] for (int chunk = 0; chunk < CHUNKS; ++chunk) {
      barrier();
      for (int i = t; i < QUERIES * CHUNK; i += 128) {
        const int r = i / CHUNK, c = i % CHUNK, d = (chunk * CHUNK + c) * 4;
        qs[r][c] = four_of_q(task.x + min(r, task.y - 1), head, d);
        ks[r][c] = four_of_k(task.z + min(first + r, task.w - 1), kv_head, d);
      }
      barrier();
      for (int c = 0; c < CHUNK; ++c) {
        [[unroll]] for (int e = 0; e < 4; ++e) {
          const vec4 u = ks[lane + 8 * e][c];
          [[unroll]] for (int r = 0; r < 2; ++r) {
            const vec4 w = qs[pair + r][c];
            s[r][e] = fma(u.x, w.x, fma(u.y, w.y, fma(u.z, w.z, fma(u.w, w.w, s[r][e]))));
          }
        }
      }
    }
    [[unroll]] for (int r = 0; r < 2; ++r) {
      [[unroll]] for (int e = 0; e < 4; ++e) {
        s[r][e] = first + lane + 8 * e < task.w ? s[r][e] * scale : uintBitsToFloat(0xff800000u);
        ps[pair + r][lane + 8 * e] = s[r][e];
      }
    }
    barrier();
    float shrinks[2];
    [[unroll]] for (int r = 0; r < 2; ++r) {
      float peak = peaks[r];
      for (int i = 0; i < KEYS; ++i) peak = max(peak, ps[pair + r][i]);
      shrinks[r] = exp_below(vec4(peaks[r] - peak)).x;
      peaks[r] = peak;
    }
    barrier();
    [[unroll]] for (int r = 0; r < 2; ++r) {
      const vec4 weights = exp_below(vec4(s[r][0], s[r][1], s[r][2], s[r][3]) - peaks[r]);
      [[unroll]] for (int e = 0; e < 4; ++e) ps[pair + r][lane + 8 * e] = weights[e];
    }
    barrier();
    [[unroll]] for (int r = 0; r < 2; ++r) {
      float sum = 0.0;
      for (int i = 0; i < KEYS; ++i) sum += ps[pair + r][i];
      totals[r] = totals[r] * shrinks[r] + sum;
      [[unroll]] for (int c = 0; c < CHUNKS * 2; ++c) sums[r][c] *= shrinks[r];
    }
    [[unroll]] for (int chunk = 0; chunk < CHUNKS; ++chunk) {
      barrier();
      for (int i = t; i < KEYS * CHUNK; i += 128) {
        const int r = i / CHUNK, c = i % CHUNK;
        ks[r][c] = four_of_v(task.z + min(first + r, task.w - 1), kv_head, (chunk * CHUNK + c) * 4);
      }
      barrier();
      for (int i = 0; i < KEYS; ++i) {
        [[unroll]] for (int r = 0; r < 2; ++r) {
          const vec4 weight = vec4(ps[pair + r][i]);
          sums[r][chunk * 2] = fma(weight, ks[i][lane], sums[r][chunk * 2]);
          sums[r][chunk * 2 + 1] = fma(weight, ks[i][lane + 8], sums[r][chunk * 2 + 1]);
        }
      }
    }
  }
  [[unroll]] for (int r = 0; r < 2; ++r) {
    if (pair + r >= task.y) continue;
    [[unroll]] for (int c = 0; c < CHUNKS * 2; ++c) {
      const int d = (c / 2 * CHUNK + c % 2 * 8 + lane) * 4;
      [[unroll]] for (int e = 0; e < 4; ++e) {
        if (d + e < head_dim) y[((task.x + pair + r) * heads + head) * head_dim + d + e] = sums[r][c][e] / totals[r];
      }
    }
  }
}
