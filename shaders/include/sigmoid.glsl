// Needs exp.glsl.
float sigmoid_of(float v) {
  const float e = exp_exact(-abs(v));
  return v < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}
