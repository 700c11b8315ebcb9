// permutations: f32 -DSTORED_F32; f16 -DSTORED_F16; bf16 -DSTORED_BF16; i8 -DSTORED_I8; q8_0 -DSTORED_Q8_0; q4_0 -DSTORED_Q4_0; q4_1 -DSTORED_Q4_1
#version 450
// y[n, :] = table[ids[n], :] for the ids that lie in this part of the table.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in;
#include "index.glsl"
layout(binding = 0) readonly buffer Table { uint stored[]; };
layout(binding = 1) readonly buffer Scale { float row_scale[]; };
layout(binding = 2) readonly buffer Ids { int ids[]; };
layout(binding = 3) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { uint count; uint width; uint rows; uint first; uint part_rows; uint skip; uint scale_skip; };
#include "stored.glsl"

void main() {
  const uint i = linear_index();
  if (i >= count * width) return;
  const uint id = uint(clamp(ids[i / width], 0, int(rows) - 1));
  if (id < first || id >= first + part_rows) return;
  const uint at = (skip + id - first) * width + i % width;
#if defined(STORED_F32)
  y[i] = stored[at];
#elif defined(STORED_I8)
  y[i] = floatBitsToUint(stored_at(at) * row_scale[scale_skip + id]);
#else
  y[i] = floatBitsToUint(stored_at(at));
#endif
}
