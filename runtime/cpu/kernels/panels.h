#pragma once

#include "runtime/cpu/kernels/math.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

/// Vectors and panel sizes of the instruction set that this file is compiled for.
namespace lacuna::cpu {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16, kPanelVectors = 4, kTileRows = 6;  // 24 of 32 registers accumulate
#elif defined(__AVX2__)
constexpr int kLanes = 8, kPanelVectors = 2, kTileRows = 6;  // 12 of 16
#else
constexpr int kLanes = 4, kPanelVectors = 2, kTileRows = 4;  // 8 of 16
#endif
constexpr Size kPanelColumns = kLanes * kPanelVectors;

using Vector = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
using Word = std::uint32_t __attribute__((may_alias));

/// Words of depth: one f32 or two bf16.
[[maybe_unused]] inline Size words_of(Storage storage, Size depth) {
  return storage == Storage::bf16 ? (depth + 1) / 2 : depth;
}

struct SingleDot {
  static Vector multiply_add(Vector sum, Word a, Vector b) { return sum + __builtin_bit_cast(float, a) * b; }
};
#if defined(__AVX512BF16__)
struct PairDot {
  static Vector multiply_add(Vector sum, Word a, Vector b) {
    return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(int(a)), (__m512bh)b);
  }
};
#endif

}  // namespace
}  // namespace lacuna::cpu
