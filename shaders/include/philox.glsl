// Philox4x32-10 and the 53-bit uniform of fusion/graph/philox.h; the includer declares `int keys[]`, five words a row:
// key low, key high, step, position, banned class.
uvec4 philox4x32(uvec2 key, uvec4 counter) {
  for (int round = 0; round < 10; ++round) {
    uint a_high, a_low, b_high, b_low;
    umulExtended(0xD2511F53u, counter.x, a_high, a_low);
    umulExtended(0xCD9E8D57u, counter.z, b_high, b_low);
    counter = uvec4(b_high ^ counter.y ^ key.x, b_low, a_high ^ counter.w ^ key.y, a_low);
    key += uvec2(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// (bits + 1/2) 2^-52 of the 52 upper bits of the first two words, in (0, 1), as the sum of two floats.
vec2 uniform_of(uint row) {
  const uint at = row * 5;
  const uvec4 r = philox4x32(uvec2(keys[at], keys[at + 1]), uvec4(keys[at + 3], keys[at + 2], 0u, 0u));
  const float high = float(r.x >> 8) * (1.0 / 16777216.0);
  const float middle = float(r.x & 255u) * (1.0 / 4294967296.0);
  const float low = (float(r.y >> 12) + 0.5) * (1.0 / 4503599627370496.0);
  return wide_add(two_sum(high, middle), vec2(low, 0.0));
}
