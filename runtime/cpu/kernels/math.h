#pragma once

#include <cstdint>

#include "runtime/cpu/storage.h"

/// Scalar building blocks that the compiler vectorises. Everything here has internal linkage on purpose: this
/// header is compiled once per instruction set, and one shared copy could hold instructions that another
/// machine lacks. For the same reason files in this folder use no templates of the standard library.
namespace lacuna::cpu {
namespace {

using Size = std::int64_t;

[[maybe_unused]] inline float load(const float* p) { return *p; }
[[maybe_unused]] inline float load(const Bf16* p) {
  return __builtin_bit_cast(float, std::uint32_t(p->bits) << 16);
}

[[maybe_unused]] inline void store(float* p, float x) { *p = x; }
/// Rounds to nearest even; a NaN stays one.
[[maybe_unused]] inline void store(Bf16* p, float x) {
  const auto u = __builtin_bit_cast(std::uint32_t, x);
  const std::uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  p->bits = std::uint16_t(x == x ? rounded : (u >> 16) | 0x40u);
}

[[maybe_unused]] inline float larger(float a, float b) { return a > b ? a : b; }
[[maybe_unused]] inline float smaller(float a, float b) { return a < b ? a : b; }
[[maybe_unused]] inline Size least(Size a, Size b) { return a < b ? a : b; }
[[maybe_unused]] inline Size round_up(Size n, Size unit) { return (n + unit - 1) / unit * unit; }

/// e^x within 2 units in the last place; below -87.3 it is 0, above 88.3 infinity (Cephes' expf polynomial).
[[maybe_unused]] inline float exponential(float x) {
  float t = x < -87.3f ? -87.3f : x;
  t = t > 88.3f ? 88.3f : t;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const float shifted = t * 1.44269504088896341f + kRound;
  const float n = shifted - kRound;
  const float r = (t - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const std::uint32_t exponent = (__builtin_bit_cast(std::uint32_t, shifted) - 0x4b400000u + 127u) << 23;
  const float y = p * __builtin_bit_cast(float, exponent);
  const float low = x < -87.3f ? 0.0f : y;
  return x > 88.3f ? __builtin_inff() : low;
}

[[maybe_unused]] inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }
[[maybe_unused]] inline float silu(float x) { return x / (1.0f + exponential(-x)); }

/// tanh with a series where 1 - 2 / (e^2x + 1) would cancel.
[[maybe_unused]] inline float hyperbolic_tangent(float x) {
  const float far = 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
  const float s = x * x;
  float p = -5.70498872745e-3f;  // Cephes tanhf, |x| < 0.625
  p = p * s + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  const float near = p * s * x + x;
  return (x < 0.0f ? -x : x) < 0.625f ? near : far;
}

/// erf as a ratio of polynomials on [-4, 4] (the minimax fit that XLA and Eigen use), about 2 units in the last place.
[[maybe_unused]] inline float error_function(float x) {
  float t = x < -4.0f ? -4.0f : x;
  t = t > 4.0f ? 4.0f : t;
  const float s = t * t;
  float p = -2.72614225801306e-10f;
  p = p * s + 2.77068142495902e-08f;
  p = p * s - 2.10102402082508e-06f;
  p = p * s - 5.69250639462346e-05f;
  p = p * s - 7.34990630326855e-04f;
  p = p * s - 2.95459980854025e-03f;
  p = p * s - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * s - 2.13374055278905e-04f;
  q = q * s - 1.68282697438203e-03f;
  q = q * s - 7.37332916720468e-03f;
  q = q * s - 1.42647390514189e-02f;
  return t * p / q;
}

[[maybe_unused]] inline float gelu_erf(float x) {
  return 0.5f * x * (1.0f + error_function(x * 0.70710678118654752f));
}
[[maybe_unused]] inline float gelu_tanh(float x) {
  const float inner = 0.79788456080286536f * (x + 0.044715f * x * x * x);
  return 0.5f * x * (1.0f + hyperbolic_tangent(inner));
}

/// Calls f with the typed pointers of one or two operands.
template <class F>
inline void with_type(ConstReals x, F f) {
  if (x.storage == Storage::bf16) {
    f(static_cast<const Bf16*>(x.data));
  } else {
    f(static_cast<const float*>(x.data));
  }
}
template <class F>
inline void with_type(Reals y, F f) {
  if (y.storage == Storage::bf16) {
    f(static_cast<Bf16*>(y.data));
  } else {
    f(static_cast<float*>(y.data));
  }
}
template <class F>
inline void with_types(ConstReals x, Reals y, F f) {
  with_type(x, [&](auto* from) { with_type(y, [&](auto* to) { f(from, to); }); });
}

}  // namespace
}  // namespace lacuna::cpu
