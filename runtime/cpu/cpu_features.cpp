#include "runtime/cpu/cpu_features.h"

namespace lacuna::cpu {

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
#if defined(LACUNA_X86)
  __builtin_cpu_init();
  features.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  features.avx512 = features.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512cd");
  features.bf16_dot = features.avx512 && __builtin_cpu_supports("avx512bf16");
  features.int8_dot = features.avx512 && __builtin_cpu_supports("avx512vnni");
#endif
  return features;
}

CpuFeatures common(const CpuFeatures& a, const CpuFeatures& b) {
  return {a.avx2 && b.avx2, a.avx512 && b.avx512, a.bf16_dot && b.bf16_dot, a.int8_dot && b.int8_dot};
}

Precision usable_precision(Precision wanted, const CpuFeatures& features) {
  if (wanted == Precision::int8 && features.int8_dot) return Precision::int8;
  if (wanted != Precision::f32 && features.bf16_dot) return Precision::bf16;
  return Precision::f32;
}

Kernels kernels_for(const CpuFeatures& features) {
#if defined(LACUNA_X86)
  if (features.bf16_dot) return avx512_bf16_kernels();
  if (features.avx512) return avx512_kernels();
  if (features.avx2) return avx2_kernels();
#else
  (void)features;
#endif
  return baseline_kernels();
}

}  // namespace lacuna::cpu
