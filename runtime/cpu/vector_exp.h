#pragma once

#include <cstddef>
#include <cstdint>

// A loop marked LACUNA_CLONES is compiled once for each instruction set and chosen when the program is loaded.
// Sanitizers start after such choices are made, so they get the plain version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define LACUNA_CLONES [[gnu::target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")]]
#else
#define LACUNA_CLONES
#endif

/// Eight doubles at a time in the compiler's portable vectors: the lanes, and so the order of every sum, are
/// the same on SSE2, AVX2 and AVX-512.
namespace lacuna::cpu {

using Float8 = float __attribute__((vector_size(32)));
using Double8 = double __attribute__((vector_size(64)));
using Long8 = std::int64_t __attribute__((vector_size(64)));

inline constexpr std::size_t kLanes = 8;

/// Below this exp() is taken as 0.
inline constexpr double kExpFloor = -708.0;

/// exp(x) for x <= 0 to a relative error of 2e-14; 0 below kExpFloor. Written into `y`, since a vector as a
/// result has another calling convention on each instruction set.
[[gnu::always_inline]] inline void exp_of(const Double8& x, Double8& y) {
  const Double8 floor = Double8{} + kExpFloor;
  const Double8 clamped = x > floor ? x : floor;
  // x = k ln 2 + r with |r| <= ln 2 / 2. Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
  const Double8 shifted = clamped * 1.4426950408889634 + 0x1.8p52;
  const Double8 k = shifted - 0x1.8p52;
  const Double8 r = (clamped - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  Double8 p = r * (1.0 / 39916800.0) + 1.0 / 3628800.0;  // Taylor to r^11: the next term is below 7e-15
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const Double8 scaled = (Double8)((Long8)p + ((Long8)shifted << 52));
  y = x > floor ? scaled : Double8{};
}

/// The same for one number, bit for bit what a lane gives.
inline double exp_of(double x) {
  Double8 y;
  exp_of(Double8{} + x, y);
  return y[0];
}

}  // namespace lacuna::cpu
