#pragma once

#include "tools/bench/bench_options.h"
#include "tools/bench/bench_report.h"

namespace lacuna::bench {

/// Measures the register peaks of this moment, then verifies and times every case of the chosen suites at every
/// precision that the processor has, then the caller's probes. Throws std::invalid_argument for bad options; a
/// case that throws becomes a row with a note.
BenchReport run_bench(const BenchOptions& options);

}  // namespace lacuna::bench
