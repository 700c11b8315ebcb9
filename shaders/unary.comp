#version 450
// y = f(x) for Unary functions, for affine and for cast. FUNCTION: graph::Unary, then 100 affine, 101 i32 -> f32,
// 102 f32 -> i32.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in;
#include "index.glsl"
#include "exp.glsl"
#include "sine.glsl"
#include "sigmoid.glsl"
layout(constant_id = 0) const uint FUNCTION = 0;
layout(binding = 0) readonly buffer X { uint x[]; };
layout(binding = 1) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { uint count; float scale; float shift; };

// erf: series near zero, and 1 - exp(-z^2) times a rational function further out (Abramowitz and Stegun 7.1.26 is too
// coarse; coefficients of Numerical Recipes' erfc, relative error 1.2e-7).
float erf_of(float v) {
  const float z = abs(v);
  if (z < 0.5) {
    const float q = z * z;
    float p = -1.0 / 1320.0;
    p = p * q + 1.0 / 216.0;
    p = p * q - 1.0 / 42.0;
    p = p * q + 1.0 / 10.0;
    p = p * q - 1.0 / 3.0;
    p = p * q + 1.0;
    return v * p * 1.12837917;
  }
  const float t = 1.0 / (1.0 + 0.5 * z);
  float p = 0.17087277;
  p = p * t - 0.82215223;
  p = p * t + 1.48851587;
  p = p * t - 1.13520398;
  p = p * t + 0.27886807;
  p = p * t - 0.18628806;
  p = p * t + 0.09678418;
  p = p * t + 0.37409196;
  p = p * t + 1.00002368;
  p = p * t - 1.26551223;
  const float tail = t * exp_exact(-z * z + p);
  return v < 0.0 ? tail - 1.0 : 1.0 - tail;
}

float tanh_of(float v) {
  const float z = abs(v);
  if (z < 0.1) {
    const float q = v * v;
    return v * (1.0 + q * (-1.0 / 3.0 + q * (2.0 / 15.0 + q * (-17.0 / 315.0))));
  }
  const float e = exp_exact(-2.0 * z);
  const float t = (1.0 - e) / (1.0 + e);
  return v < 0.0 ? -t : t;
}

float evaluate(float v) {
  switch (FUNCTION) {
    case 0: return -v;
    case 1: return exp_exact(v);
    case 2: return log(v);
    case 3: return sqrt(v);
    case 4: return 1.0 / sqrt(v);
    case 5: return v * v;
    case 6: return sine_of(v, 0);
    case 7: return sine_of(v, 1);
    case 8: return tanh_of(v);
    case 9: return sigmoid_of(v);
    case 10: return v * sigmoid_of(v);
    case 11: return 0.5 * v * (1.0 + erf_of(v * 0.707106781));
    case 12: return 0.5 * v * (1.0 + tanh_of(0.797884561 * (v + 0.044715 * v * v * v)));
    case 13: return max(v, 0.0);
    default: return scale * v + shift;
  }
}

void main() {
  const uint i = linear_index();
  if (i >= count) return;
  if (FUNCTION == 101) y[i] = floatBitsToUint(float(int(x[i])));
  else if (FUNCTION == 102) y[i] = uint(int(uintBitsToFloat(x[i])));
  else y[i] = floatBitsToUint(evaluate(uintBitsToFloat(x[i])));
}
