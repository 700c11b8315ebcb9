#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/weights/json.h"
#include "tools/bench/timing.h"

namespace lacuna::bench {

/// One measured case.
struct BenchRow {
  std::string suite;
  std::string name;
  std::string precision;
  std::string unit = "ms";
  Timing timing;                       // in `unit`
  std::optional<double> gflops;        // 10^9 multiply-adds counted as two, a second, at the median
  std::optional<double> peak_share;    // of the register-only peak of the same precision
  std::optional<double> error;         // against the reference engine, relative to the largest value
  std::optional<double> error_allowed;
  std::string note;
};

struct BenchReport {
  int threads = 1;
  std::string features;  // instruction sets found
  /// 10^9 operations a second of all threads in registers, before and after the cases; empty where the processor
  /// lacks the instruction.
  struct Peak {
    std::string precision;
    double gflops = 0.0;
  };
  std::vector<Peak> peaks;
  /// Load average over one minute at begin and end: what else was running.
  double load_before = 0.0;
  double load_after = 0.0;
  std::vector<BenchRow> rows;

  /// False when a case missed its error bound or threw.
  bool passed() const;
};

weights::Json to_json(const BenchReport& report);
/// Aligned columns for a terminal, one line a case.
std::string to_table(const BenchReport& report);

}  // namespace lacuna::bench
