#pragma once

#include "runtime/cpu/kernels/kernels.h"

namespace lacuna::cpu {

/// What linear layers, convolutions and attention compute in; sums are always f32 or i32.
enum class Precision { automatic, f32, bf16, int8 };

/// What the processor can do.
struct CpuFeatures {
  bool avx2 = false;
  bool avx512 = false;  // F, BW, DQ, VL, CD
  bool bf16_dot = false;
  bool int8_dot = false;  // VNNI: sums of u8 * s8 products that do not saturate
};

CpuFeatures detect_cpu_features();
/// What both have.
CpuFeatures common(const CpuFeatures& a, const CpuFeatures& b);

/// The fastest precision that `features` carry for `wanted`: automatic and bf16 need bf16_dot, int8 needs
/// int8_dot, everything else becomes f32.
Precision usable_precision(Precision wanted, const CpuFeatures& features);

/// The kernel table for `features`.
Kernels kernels_for(const CpuFeatures& features);

}  // namespace lacuna::cpu
