// Elements of a matrix in its stored dtype, read from 32-bit words so that no device feature is needed.
// One of STORED_F32, STORED_F16, STORED_BF16, STORED_I8; the includer declares `uint stored[]`. Factors of i8 rows are
// the includer's business.
float stored_at(uint i) {
#if defined(STORED_F16)
  const vec2 pair = unpackHalf2x16(stored[i >> 1]);
  return (i & 1u) == 0u ? pair.x : pair.y;
#elif defined(STORED_BF16)
  const uint pair = stored[i >> 1];
  return uintBitsToFloat((i & 1u) == 0u ? pair << 16 : pair & 0xffff0000u);
#elif defined(STORED_I8)
  return float(bitfieldExtract(int(stored[i >> 2]), int((i & 3u) * 8u), 8));
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
#else
  return uintBitsToFloat(uvec4(stored[i], stored[i + 1], stored[i + 2], stored[i + 3]));
#endif
}
