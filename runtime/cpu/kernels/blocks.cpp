#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/math.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

constexpr int kBlock = 32;

/// Exact, subnormals included: the exponent is moved by a multiplication.
inline float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
  const float magnitude = __builtin_bit_cast(float, std::uint32_t(bits & 0x7fffu) << 13) * 0x1p112f;
  return __builtin_bit_cast(float, sign | __builtin_bit_cast(std::uint32_t, magnitude));
}

template <class T>
void widen_q8_0(const BlockRow& row, T* y) {
  for (Size b = 0; b < row.blocks; ++b) {
    const float scale = from_f16(row.scale[b]);
    const auto* codes = reinterpret_cast<const std::int8_t*>(row.codes + b * kBlock);
#pragma omp simd
    for (int i = 0; i < kBlock; ++i) store(y + b * kBlock + i, float(codes[i]) * scale);
  }
}

template <class T>
void widen_q4(const BlockRow& row, T* y) {
  constexpr int kHalf = kBlock / 2;
  for (Size b = 0; b < row.blocks; ++b) {
    const float scale = from_f16(row.scale[b]);
    // (code - 8) * scale is exact, so it is code * scale - 8 * scale: both types are the same loop.
    const float minimum = row.minimum != nullptr ? from_f16(row.minimum[b]) : -8.0f * scale;
    const std::uint8_t* codes = row.codes + b * kHalf;
    T* out = y + b * kBlock;
#pragma omp simd
    for (int i = 0; i < kHalf; ++i) store(out + i, float(codes[i] & 15) * scale + minimum);
#pragma omp simd
    for (int i = 0; i < kHalf; ++i) store(out + kHalf + i, float(codes[i] >> 4) * scale + minimum);
  }
}

template <class T>
void widen(const BlockRow& row, T* y) {
  if (row.dtype == graph::DType::q8_0) {
    widen_q8_0(row, y);
  } else {
    widen_q4(row, y);
  }
}

void widen_blocks(const BlockRow& row, Reals y) {
  if (y.storage == Storage::bf16) {
    widen(row, static_cast<Bf16*>(y.data));
  } else {
    widen(row, static_cast<float*>(y.data));
  }
}

}  // namespace

void fill_blocks(Kernels& kernels) { kernels.widen_blocks = widen_blocks; }

}  // namespace lacuna::cpu::LACUNA_ISA
