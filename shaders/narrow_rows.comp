// permutations: peaks -DPEAKS; i8 -DTO_I8; f16 -DTO_F16
#version 450
// Rows of x in fewer bits, for products in narrow arithmetic, two passes. PEAKS: the largest magnitude in each block of a
// row. TO_I8: y = round(x / scale), four to a word, scale = largest / 127 (1 for a row of zeros). TO_F16: y = x / scale,
// two to a word, scale a power of two so that the largest is in [1/2, 1). Rows begin at whole words, filled with zeros.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in;
#include "index.glsl"
layout(binding = 0) readonly buffer X { float x[]; };
layout(push_constant) uniform Push {
  uint count;   // invocations: blocks of all rows, or words
  uint inner;
  uint blocks;  // of a row
  uint block;   // elements
  uint words;   // of a row of y
};

#ifdef PEAKS
layout(binding = 1) writeonly buffer Peaks { float peaks[]; };
void main() {
  const uint i = linear_index();
  if (i >= count) return;
  const uint row = i / blocks, first = i % blocks * block, end = min(first + block, inner);
  float peak = 0.0;
  for (uint k = first; k < end; ++k) peak = max(peak, abs(x[row * inner + k]));
  peaks[i] = peak;
}
#else
layout(binding = 1) readonly buffer Peaks { float peaks[]; };
layout(binding = 2) writeonly buffer Y { uint y[]; };
layout(binding = 3) writeonly buffer Scale { float scale_of[]; };
void main() {
  const uint i = linear_index();
  if (i >= count) return;
  const uint row = i / words, word = i % words;
  float peak = 0.0;
  for (uint b = 0; b < blocks; ++b) peak = max(peak, peaks[row * blocks + b]);
#ifdef TO_I8
  const float scale = peak > 0.0 ? peak / 127.0 : 1.0;
  const float inverse = 1.0 / scale;
  uint four = 0u;
  for (uint e = 0; e < 4 && word * 4 + e < inner; ++e) {
    // As the CPU engine does: adding 1.5 * 2^23 rounds to the nearest whole number and leaves it in the low bits.
    four |= (floatBitsToUint(fma(x[row * inner + word * 4 + e], inverse, 12582912.0)) & 255u) << (8 * e);
  }
  y[i] = four;
#else
  // The exponent by its bits: exact, and the same on every device. Below 2^-100 all is zero enough.
  const uint exponent = clamp((floatBitsToUint(peak) >> 23) + 1u, 27u, 250u);
  const float scale = uintBitsToFloat(exponent << 23), inverse = uintBitsToFloat((254u - exponent) << 23);
  vec2 two = vec2(0.0);
  for (uint e = 0; e < 2 && word * 2 + e < inner; ++e) two[e] = x[row * inner + word * 2 + e] * inverse;
  y[i] = packHalf2x16(two);
#endif
  if (word == 0) scale_of[row] = scale;
}
#endif
