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
LACUNA_CONFORMANCE(CpuBf16Conformance, with_precision(Precision::bf16), bf16, f16);
LACUNA_CONFORMANCE(CpuInt8Conformance, with_precision(Precision::int8), int8);

}  // namespace
}  // namespace lacuna::cpu
