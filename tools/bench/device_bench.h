#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fusion/graph/executor.h"
#include "tools/bench/bench_report.h"
#include "tools/bench/timing.h"

namespace lacuna::bench {

/// One op on any engine: a graph of odd sizes that is compared with the reference engine, and one that is timed.
struct DeviceCase {
  std::string suite;  // "gemm", "attention", "convolution", "draw"
  std::string name;   // "product f32 256x1024x1024"
  graph::Graph verified;
  /// Several of the op one after another, delivering little, so that what goes in and out hardly counts.
  graph::Graph timed;
  double operations = 0.0;  // of `timed`, a multiply-add counted as two; 0 = only its time is of interest
  int links = 1;            // how many of the op `timed` has
  double tolerance = 1e-4;  // of the largest value: f32 sums of a thousand terms
  std::shared_ptr<const graph::WeightSource> weights;
};

/// Products of f32 rows with weights stored as f32, f16 and int8, 256 x 1024 x 1024 and 1024^3; attention; convolution;
/// draws of a step's tokens.
std::vector<DeviceCase> device_cases();
/// Products of weights stored as f16 and int8 for an engine that multiplies in 16 bits, one of 4096^3 among them.
std::vector<DeviceCase> device_cases_in_16_bits();

/// How device_rows() measures.
struct DeviceBenchOptions {
  int repeats = 3;
  Clock clock = Clock::wall;
  std::vector<std::string> suites;  // empty = all
  /// Called with the name of each case; may be empty.
  std::function<void(const std::string&)> progress;
};

/// Verifies, then times every case: milliseconds of one op, its rate at the best of `repeats` runs after one that is not
/// counted. A case that throws, or is wrong, has a note.
std::vector<BenchRow> device_rows(graph::Executor& engine, const std::vector<DeviceCase>& cases, const DeviceBenchOptions& options);

}  // namespace lacuna::bench
