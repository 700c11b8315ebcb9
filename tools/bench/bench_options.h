#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/cpu/cpu_executor.h"
#include "tools/bench/timing.h"

namespace lacuna::bench {

/// Something that only the caller can run, measured and reported like the built-in cases: a denoising step, a
/// picture, a caption, a cold start, peak memory.
struct Probe {
  std::string name;
  std::string unit;  // "ms", "s", "MB"
  /// One measurement in `unit`. An exception becomes the row's note.
  std::function<double()> measure;
};

enum class Suite { gemm, attention, convolution, stack };
std::string_view name_of(Suite suite);
/// Throws std::invalid_argument naming the choices.
Suite suite_of(std::string_view name);

/// Sizes: the shipped model's alone, or also those of 8-billion-parameter models (needs about 1 GB and a minute).
enum class Scale { shipped, large };

struct BenchOptions {
  std::vector<Suite> suites{Suite::gemm, Suite::attention, Suite::convolution, Suite::stack};
  std::vector<cpu::Precision> precisions{cpu::Precision::f32, cpu::Precision::bf16, cpu::Precision::int8};
  Scale scale = Scale::large;
  std::string only;  // run the cases whose name contains this; empty = all
  int threads = 0;  // 0 = what OpenMP offers
  int repeats = 7;  // timed runs of each case, after one that is not counted
  Clock clock = Clock::wall;
  std::vector<Probe> probes;
  /// Called with the name of each case before it runs; may be empty.
  std::function<void(const std::string&)> progress;

  /// Throws std::invalid_argument: repeats in [1, 1000], threads >= 0.
  void validate() const;
};

}  // namespace lacuna::bench
