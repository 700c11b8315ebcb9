#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fusion/graph/executor.h"
#include "tools/bench/bench_options.h"
#include "tools/bench/bench_report.h"

namespace lacuna::bench {

/// A graph to time. `build(rows)` gives the same computation for any number of rows (tokens, pixels): the full one
/// is timed, a small one is compared with the reference engine, which is right but slow. Every output's rows
/// depend on their own input rows or on all rows of the small graph alone.
struct BenchCase {
  Suite suite = Suite::gemm;
  std::string name;
  std::int64_t rows = 0;
  std::int64_t verified_rows = 2;
  std::function<graph::Graph(std::int64_t rows)> build;
  std::int32_t id_bound = 1;  // of integer inputs
  /// Largest error allowed, relative to the largest value of the output.
  double tolerance_f32 = 1e-4;
  double tolerance_bf16 = 3e-2;
  double tolerance_int8 = 6e-2;
};

/// Verifies, warms up and times one case. `peak` is the register peak of the precision, 0 = unknown.
BenchRow run_case(const BenchCase& bench, cpu::CpuExecutor& executor, double peak, int repeats, Clock clock);

/// The built-in cases of a suite.
std::vector<BenchCase> cases_of(Suite suite, Scale scale);

}  // namespace lacuna::bench
