#include "tools/bench/peak.h"

#include <omp.h>

#include <algorithm>

namespace lacuna::bench {
namespace {

constexpr long kRounds = 400000;

// Twelve independent chains hide the latency of any of these instructions.
#define LACUNA_TWELVE(instruction)                                                                         \
  instruction(0) instruction(1) instruction(2) instruction(3) instruction(4) instruction(5) instruction(6) \
      instruction(7) instruction(8) instruction(9) instruction(10) instruction(11)
#define LACUNA_CLOBBERED                                                                                     \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm15"

#if defined(__x86_64__)
void multiply_add_256() {
#define LACUNA_STEP(i) "vfmadd231ps %%ymm15, %%ymm15, %%ymm" #i "\n"
  asm volatile("vxorps %%xmm15, %%xmm15, %%xmm15" ::: "xmm15");
  for (long i = 0; i < kRounds; ++i) asm volatile(LACUNA_TWELVE(LACUNA_STEP)::: LACUNA_CLOBBERED);
#undef LACUNA_STEP
}
void multiply_add_512() {
#define LACUNA_STEP(i) "vfmadd231ps %%zmm15, %%zmm15, %%zmm" #i "\n"
  asm volatile("vxorps %%xmm15, %%xmm15, %%xmm15" ::: "xmm15");
  for (long i = 0; i < kRounds; ++i) asm volatile(LACUNA_TWELVE(LACUNA_STEP)::: LACUNA_CLOBBERED);
#undef LACUNA_STEP
}
void dot_bf16() {
#define LACUNA_STEP(i) "vdpbf16ps %%zmm15, %%zmm15, %%zmm" #i "\n"
  asm volatile("vxorps %%xmm15, %%xmm15, %%xmm15" ::: "xmm15");
  for (long i = 0; i < kRounds; ++i) asm volatile(LACUNA_TWELVE(LACUNA_STEP)::: LACUNA_CLOBBERED);
#undef LACUNA_STEP
}
void dot_int8() {
#define LACUNA_STEP(i) "vpdpbusd %%zmm15, %%zmm15, %%zmm" #i "\n"
  asm volatile("vxorps %%xmm15, %%xmm15, %%xmm15" ::: "xmm15");
  for (long i = 0; i < kRounds; ++i) asm volatile(LACUNA_TWELVE(LACUNA_STEP)::: LACUNA_CLOBBERED);
#undef LACUNA_STEP
}
#endif

struct Loop {
  void (*run)() = nullptr;
  int operations = 0;  // of one instruction
};

Loop loop_for(cpu::Precision precision) {
#if defined(__x86_64__)
  const cpu::CpuFeatures features = cpu::detect_cpu_features();
  if (precision == cpu::Precision::bf16 && features.bf16_dot) return {dot_bf16, 64};
  if (precision == cpu::Precision::int8 && features.int8_dot) return {dot_int8, 128};
  if (precision == cpu::Precision::f32 && features.avx512) return {multiply_add_512, 32};
  if (precision == cpu::Precision::f32 && features.avx2) return {multiply_add_256, 16};
#else
  (void)precision;
#endif
  return {};
}

}  // namespace

std::optional<double> register_peak(cpu::Precision precision, int threads, Clock clock) {
  const Loop loop = loop_for(precision);
  if (loop.run == nullptr) return std::nullopt;
  double best = 1e30;
  for (int round = 0; round < 20; ++round) {
    const double begin = read_clock(clock);
#pragma omp parallel num_threads(threads)
    loop.run();
    best = std::min(best, read_clock(clock) - begin);
  }
  return double(threads) * double(kRounds) * 12.0 * loop.operations / best * 1e-9;
}

}  // namespace lacuna::bench
