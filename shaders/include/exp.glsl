// exp(v) with the rounding of v * log2(e) carried along, so that large arguments keep their digits.
float exp_exact(float v) {
  if (v < -104.0) return 0.0;
  if (v > 88.8) return uintBitsToFloat(0x7f800000u);
  const float k = floor(v * 1.44269504 + 0.5);
  precise float r = v - k * 0.693359375;
  r = r + k * 2.12194440e-4;
  float p = 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const int e = int(k);
  const int half_e = e / 2;
  return p * uintBitsToFloat(uint(half_e + 127) << 23) * uintBitsToFloat(uint(e - half_e + 127) << 23);
}
