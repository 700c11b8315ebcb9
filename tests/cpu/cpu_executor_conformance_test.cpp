#include "runtime/cpu/cpu_executor.h"
#include "tests/conformance/suite.h"

namespace lacuna::cpu {
namespace {

auto with_precision(Precision precision) {
  return [precision] { return std::make_unique<CpuExecutor>(CpuOptions{precision, 2}); };
}

// Stored precisions (the last arguments) and the engine's own are different things: weights of any dtype must
// work at f32.
LACUNA_CONFORMANCE(CpuF32Conformance, with_precision(Precision::f32), f32, bf16, f16, int8);
LACUNA_BLOCK_CONFORMANCE(CpuF32BlockConformance, with_precision(Precision::f32));
LACUNA_CONFORMANCE(CpuBf16Conformance, with_precision(Precision::bf16), bf16, f16, q8_0, q4_0, q4_1);
LACUNA_CONFORMANCE(CpuInt8Conformance, with_precision(Precision::int8), int8);

/// The kernels of other machines, as far as this one can run them.
auto with_features(CpuFeatures allowed) {
  return [allowed] { return std::make_unique<CpuExecutor>(CpuOptions{Precision::automatic, 2, allowed}); };
}
constexpr CpuFeatures kBaseline{}, kAvx2{true, false, false, false}, kAvx512{true, true, false, false};
LACUNA_CONFORMANCE(CpuBaselineConformance, with_features(kBaseline), f32);
LACUNA_CONFORMANCE(CpuAvx2Conformance, with_features(kAvx2), f32);
LACUNA_CONFORMANCE(CpuAvx512Conformance, with_features(kAvx512), f32);

/// int8 without bf16: activations stay f32 between the layers.
LACUNA_CONFORMANCE(CpuVnniConformance, ([] {
                     return std::make_unique<CpuExecutor>(CpuOptions{Precision::int8, 2, {true, true, false, true}});
                   }),
                   int8);

}  // namespace
}  // namespace lacuna::cpu
