#include "tools/bench/device_bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runtime/cpu/reference_executor.h"
#include "tools/bench/random_source.h"

namespace lacuna::bench {
namespace {

using graph::DType;
using graph::HostTensor;

/// Keys and ids are small whole numbers; temperatures and the like have their usual values.
std::vector<HostTensor> inputs_of(const graph::Graph& graph) {
  std::vector<HostTensor> inputs;
  for (const graph::ValueId id : graph.inputs) {
    const graph::ValueInfo& value = graph.value(id);
    if (value.name == "sampling" || value.name == "filtered") {
      const bool filtered = value.name == "filtered";
      inputs.push_back(HostTensor::of({4}, std::vector<float>{0.8f, 1.0f, filtered ? 50.0f : 0.0f, filtered ? 0.9f : 1.0f}));
    } else {
      inputs.push_back(random_tensor(value.dtype, value.shape, 1000));
    }
  }
  return inputs;
}

std::vector<HostTensor> outputs_of(const graph::Graph& graph) {
  std::vector<HostTensor> outputs;
  for (const graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  return outputs;
}

std::vector<HostTensor> run_once(graph::Executor& engine, const DeviceCase& bench) {
  std::vector<HostTensor> outputs = outputs_of(bench.verified);
  engine.prepare(bench.verified, bench.weights)->run(inputs_of(bench.verified), outputs);
  return outputs;
}

double largest_error(const std::vector<HostTensor>& got, const std::vector<HostTensor>& expected) {
  double error = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    double distance = 0.0, largest = 1e-30;
    for (std::size_t j = 0; j < got[i].f32().size(); ++j) {
      const double e = expected[i].f32()[j], difference = std::abs(double(got[i].f32()[j]) - e);
      distance = difference <= distance ? distance : std::isnan(difference) ? HUGE_VAL : difference;
      largest = std::max(largest, std::abs(e));
    }
    error = std::max(error, distance / largest);
  }
  return error;
}

}  // namespace

std::vector<BenchRow> device_rows(graph::Executor& engine, const std::vector<DeviceCase>& cases, const DeviceBenchOptions& options) {
  std::vector<BenchRow> rows;
  cpu::ReferenceExecutor reference;
  for (const DeviceCase& bench : cases) {
    if (!options.suites.empty() && std::ranges::find(options.suites, bench.suite) == options.suites.end()) continue;
    if (options.progress) options.progress(bench.name);
    BenchRow row;
    row.suite = bench.suite;
    row.name = bench.name;
    try {
      row.error = largest_error(run_once(engine, bench), run_once(reference, bench));
      row.error_allowed = bench.tolerance;
      const auto plan = engine.prepare(bench.timed, bench.weights);
      const std::vector<HostTensor> inputs = inputs_of(bench.timed);
      std::vector<HostTensor> outputs = outputs_of(bench.timed);
      row.timing = time_calls(options.repeats, options.clock, [&] { plan->run(inputs, outputs); });
      for (double* time : {&row.timing.median, &row.timing.fastest, &row.timing.slowest}) *time /= bench.links;
      if (bench.operations > 0.0) row.gflops = 1e-6 * bench.operations / bench.links / row.timing.fastest;
      if (!(*row.error <= bench.tolerance)) {
        char text[64];
        std::snprintf(text, sizeof text, "WRONG by %.2g of the largest value", *row.error);
        row.note = text;
      }
    } catch (const std::exception& error) {
      row.note = error.what();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace lacuna::bench
