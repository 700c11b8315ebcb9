#include "tools/bench/run_bench.h"

#include <cstdlib>
#include <stdexcept>

#include "tools/bench/bench_case.h"
#include "tools/bench/peak.h"

namespace lacuna::bench {
namespace {

double load_average() {
  double load = 0.0;
  return getloadavg(&load, 1) == 1 ? load : 0.0;
}

std::string describe(const cpu::CpuFeatures& features) {
  std::string names;
  const auto add = [&](bool there, const char* name) {
    if (there) names += (names.empty() ? "" : " ") + std::string(name);
  };
  add(features.avx2, "avx2");
  add(features.avx512, "avx512");
  add(features.bf16_dot, "avx512_bf16");
  add(features.int8_dot, "avx512_vnni");
  return names.empty() ? "baseline" : names;
}

void run_probe(const Probe& probe, int repeats, BenchReport& report) {
  BenchRow row;
  row.suite = "model";
  row.name = probe.name;
  row.unit = probe.unit;
  try {
    std::vector<double> values;
    for (int i = 0; i < repeats; ++i) values.push_back(probe.measure());
    row.timing = summarise(std::move(values));
  } catch (const std::exception& error) {
    row.note = error.what();
  }
  report.rows.push_back(std::move(row));
}

}  // namespace

BenchReport run_bench(const BenchOptions& options) {
  options.validate();
  BenchReport report;
  report.load_before = load_average();
  report.features = describe(cpu::detect_cpu_features());
  report.threads = cpu::CpuExecutor({cpu::Precision::f32, options.threads}).threads();
  for (cpu::Precision precision : options.precisions) {
    cpu::CpuExecutor executor({precision, options.threads});
    if (executor.precision() != precision && precision != cpu::Precision::automatic) continue;
    const double peak = register_peak(executor.precision(), report.threads, options.clock).value_or(0.0);
    if (peak > 0.0) report.peaks.push_back({std::string(cpu::name_of(executor.precision())), peak});
    for (Suite suite : options.suites) {
      for (const BenchCase& bench : cases_of(suite, options.scale)) {
        if (bench.name.find(options.only) == std::string::npos) continue;
        if (options.progress) options.progress(std::string(name_of(suite)) + " " + bench.name + " " + std::string(cpu::name_of(executor.precision())));
        try {
          // A fresh engine for each case, so that its packed weights go with it.
          cpu::CpuExecutor own({precision, options.threads});
          report.rows.push_back(run_case(bench, own, peak, options.repeats, options.clock));
        } catch (const std::exception& error) {
          BenchRow row;
          row.suite = name_of(suite);
          row.name = bench.name;
          row.precision = cpu::name_of(executor.precision());
          row.note = error.what();
          report.rows.push_back(std::move(row));
        }
      }
    }
  }
  for (const Probe& probe : options.probes) {
    if (options.progress) options.progress(probe.name);
    run_probe(probe, options.repeats, report);
  }
  report.load_after = load_average();
  return report;
}

std::string_view name_of(Suite suite) {
  switch (suite) {
    case Suite::gemm:
      return "gemm";
    case Suite::attention:
      return "attention";
    case Suite::convolution:
      return "convolution";
    case Suite::stack:
      return "stack";
  }
  return "";
}

Suite suite_of(std::string_view name) {
  for (Suite suite : {Suite::gemm, Suite::attention, Suite::convolution, Suite::stack}) {
    if (name == name_of(suite)) return suite;
  }
  throw std::invalid_argument("[bench] expected gemm, attention, convolution or stack, got " + std::string(name));
}

void BenchOptions::validate() const {
  if (repeats < 1 || repeats > 1000) {
    throw std::invalid_argument("[bench] expected 1 to 1000 repeats, got " + std::to_string(repeats));
  }
  if (threads < 0) throw std::invalid_argument("[bench] expected threads >= 0, got " + std::to_string(threads));
}

}  // namespace lacuna::bench
