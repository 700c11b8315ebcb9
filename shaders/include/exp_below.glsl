// exp(v) for v <= 0 with the rounding of v * log2(e) carried along; 0 below -87, NaN stays.
vec4 exp_below(vec4 v) {
  const vec4 k = floor(v * 1.44269504 + 0.5);
  precise vec4 r = v - k * 0.693359375;
  r = r + k * 2.12194440e-4;
  vec4 p = vec4(1.0 / 5040.0);
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return mix(p * uintBitsToFloat(uvec4(ivec4(k) + 127) << 23), vec4(0.0), lessThan(v, vec4(-87.0)));
}
