// Elements of a matrix in its stored dtype, read from 32-bit words so that no device feature is needed.
// One of STORED_F32, STORED_F16, STORED_BF16, STORED_I8, STORED_Q8_0, STORED_Q4_0, STORED_Q4_1; the includer declares `uint stored[]`. Factors of i8 rows are
// the includer's business.
// A block of 32 of the q dtypes is a word with its factor and its minimum, then its codes (weight_rows.h).
#if defined(STORED_Q8_0)
const uint kBlockWords = 9;
#else
const uint kBlockWords = 5;
#endif
float q4_value(float code, vec2 factors) {
#if defined(STORED_Q4_1)
  return code * factors.x + factors.y;
#else
  return (code - 8.0) * factors.x;
#endif
}

float stored_at(uint i) {
#if defined(STORED_F16)
  const vec2 pair = unpackHalf2x16(stored[i >> 1]);
  return (i & 1u) == 0u ? pair.x : pair.y;
#elif defined(STORED_BF16)
  const uint pair = stored[i >> 1];
  return uintBitsToFloat((i & 1u) == 0u ? pair << 16 : pair & 0xffff0000u);
#elif defined(STORED_I8)
  return float(bitfieldExtract(int(stored[i >> 2]), int((i & 3u) * 8u), 8));
#elif defined(STORED_Q8_0)
  const uint block = (i >> 5) * kBlockWords, j = i & 31u;
  return float(bitfieldExtract(int(stored[block + 1 + (j >> 2)]), int((j & 3u) * 8u), 8)) * unpackHalf2x16(stored[block]).x;
#elif defined(STORED_Q4_0) || defined(STORED_Q4_1)
  const uint block = (i >> 5) * kBlockWords, j = i & 15u;
  const uint code = stored[block + 1 + (j >> 2)] >> ((j & 3u) * 8u + (i >> 2 & 4u)) & 15u;
  return q4_value(float(code), unpackHalf2x16(stored[block]));
#else
  return uintBitsToFloat(stored[i]);
#endif
}

// Elements i .. i + 3, i a multiple of four.
vec4 stored_four(uint i) {
#if defined(STORED_F16)
  return vec4(unpackHalf2x16(stored[i >> 1]), unpackHalf2x16(stored[(i >> 1) + 1]));
#elif defined(STORED_BF16)
  const uvec2 pairs = uvec2(stored[i >> 1], stored[(i >> 1) + 1]);
  return uintBitsToFloat(uvec4(pairs.x << 16, pairs.x & 0xffff0000u, pairs.y << 16, pairs.y & 0xffff0000u));
#elif defined(STORED_I8)
  const int four = int(stored[i >> 2]);
  return vec4(bitfieldExtract(four, 0, 8), bitfieldExtract(four, 8, 8), bitfieldExtract(four, 16, 8), four >> 24);
#elif defined(STORED_Q8_0)
  const uint block = (i >> 5) * kBlockWords;
  const int four = int(stored[block + 1 + (i >> 2 & 7u)]);
  return vec4(bitfieldExtract(four, 0, 8), bitfieldExtract(four, 8, 8), bitfieldExtract(four, 16, 8), four >> 24) *
         unpackHalf2x16(stored[block]).x;
#elif defined(STORED_Q4_0) || defined(STORED_Q4_1)
  const uint block = (i >> 5) * kBlockWords;
  const vec2 factors = unpackHalf2x16(stored[block]);
  const uint four = stored[block + 1 + (i >> 2 & 3u)] >> (i >> 2 & 4u);
  return vec4(q4_value(float(four & 15u), factors), q4_value(float(four >> 8 & 15u), factors),
              q4_value(float(four >> 16 & 15u), factors), q4_value(float(four >> 24 & 15u), factors));
#else
  return uintBitsToFloat(uvec4(stored[i], stored[i + 1], stored[i + 2], stored[i + 3]));
#endif
}
