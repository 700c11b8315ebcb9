#pragma once

#include "runtime/cpu/kernels/kernels.h"
#include "runtime/cpu/kernels/math.h"

/// Values of block-quantised weights (graph/block_format.h). Internal linkage, as in math.h.
namespace lacuna::cpu {
namespace {

constexpr int kBlock = 32;

/// Exact, subnormals included: the exponent is moved by a multiplication.
[[maybe_unused]] inline float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
  const float magnitude = __builtin_bit_cast(float, std::uint32_t(bits & 0x7fffu) << 13) * 0x1p112f;
  return __builtin_bit_cast(float, sign | __builtin_bit_cast(std::uint32_t, magnitude));
}

/// What turns the codes of a block into values.
struct BlockFactors {
  float scale = 0.0f;
  float minimum = 0.0f;
};

[[maybe_unused]] inline BlockFactors factors_of(const BlockRow& row, Size b) {
  const float scale = from_f16(row.scale[b]);
  if (row.dtype == graph::DType::q8_0) return {scale, 0.0f};
  // (code - 8) * scale is exact, so it is code * scale - 8 * scale: both 4-bit types are the same.
  return {scale, row.minimum != nullptr ? from_f16(row.minimum[b]) : -8.0f * scale};
}
[[maybe_unused]] inline float value_of(float code, BlockFactors f) { return code * f.scale + f.minimum; }

/// Blocks one after another.
template <class T>
inline void widen_row(const BlockRow& row, T* y) {
  for (Size b = 0; b < row.blocks; ++b) {
    const BlockFactors f = factors_of(row, b);
    T* out = y + b * kBlock;
    if (row.dtype == graph::DType::q8_0) {
      const auto* codes = reinterpret_cast<const std::int8_t*>(row.codes + b * kBlock);
#pragma omp simd
      for (int i = 0; i < kBlock; ++i) store(out + i, float(codes[i]) * f.scale);
    } else {
      constexpr int kHalf = kBlock / 2;
      const std::uint8_t* codes = row.codes + b * kHalf;
#pragma omp simd
      for (int i = 0; i < kHalf; ++i) store(out + i, value_of(float(codes[i] & 15), f));
#pragma omp simd
      for (int i = 0; i < kHalf; ++i) store(out + kHalf + i, value_of(float(codes[i] >> 4), f));
    }
  }
}

}  // namespace
}  // namespace lacuna::cpu
