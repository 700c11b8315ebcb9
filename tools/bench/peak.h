#pragma once

#include <optional>

#include "runtime/cpu/cpu_features.h"
#include "tools/bench/timing.h"

namespace lacuna::bench {

/// 10^9 operations a second (a multiply-add counts as two) that `threads` threads reach on registers alone, the
/// best of a few short rounds: fused multiply-add for f32, vdpbf16ps for bf16, vpdpbusd for int8. Empty where the
/// processor has no such instruction.
std::optional<double> register_peak(cpu::Precision precision, int threads, Clock clock);

}  // namespace lacuna::bench
