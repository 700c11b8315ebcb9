#include "tools/bench/bench_case.h"

#include <algorithm>
#include <cmath>

#include "runtime/cpu/reference_executor.h"
#include "tools/bench/random_source.h"

namespace lacuna::bench {
namespace {

using graph::HostTensor;

std::vector<HostTensor> make_inputs(const graph::Graph& graph, std::int32_t id_bound) {
  std::vector<HostTensor> inputs;
  for (graph::ValueId id : graph.inputs) {
    inputs.push_back(random_tensor(graph.value(id).dtype, graph.value(id).shape, id_bound));
  }
  return inputs;
}

std::vector<HostTensor> make_outputs(const graph::Graph& graph) {
  std::vector<HostTensor> outputs;
  for (graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  return outputs;
}

std::vector<HostTensor> run_once(graph::Executor& executor, const graph::Graph& graph,
                                 const std::shared_ptr<const graph::WeightSource>& weights, std::int32_t id_bound) {
  std::vector<HostTensor> outputs = make_outputs(graph);
  executor.prepare(graph, weights)->run(make_inputs(graph, id_bound), outputs);
  return outputs;
}

double largest_error(std::vector<HostTensor>& got, std::vector<HostTensor>& expected) {
  double error = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].dtype() != graph::DType::f32) continue;
    double distance = 0.0, largest = 1e-30;
    for (std::size_t j = 0; j < got[i].f32().size(); ++j) {
      const double difference = std::abs(double(got[i].f32()[j]) - double(expected[i].f32()[j]));
      distance = difference >= distance ? difference : std::isnan(difference) ? INFINITY : distance;
      largest = std::max(largest, std::abs(double(expected[i].f32()[j])));
    }
    error = std::max(error, distance / largest);
  }
  return error;
}

}  // namespace

BenchRow run_case(const BenchCase& bench, cpu::CpuExecutor& executor, double peak, int repeats, Clock clock) {
  BenchRow row;
  row.suite = name_of(bench.suite);
  row.name = bench.name;
  row.precision = cpu::name_of(executor.precision());
  const graph::Graph small = bench.build(bench.verified_rows), full = bench.build(bench.rows);
  const auto weights = std::make_shared<const RandomSource>(full);
  cpu::ReferenceExecutor reference;
  auto expected = run_once(reference, small, weights, bench.id_bound);
  auto got = run_once(executor, small, weights, bench.id_bound);
  row.error = largest_error(got, expected);
  row.error_allowed = executor.precision() == cpu::Precision::f32    ? bench.tolerance_f32
                      : executor.precision() == cpu::Precision::bf16 ? bench.tolerance_bf16
                                                                     : bench.tolerance_int8;

  const auto plan = executor.prepare(full, weights);
  const std::vector<HostTensor> inputs = make_inputs(full, bench.id_bound);
  std::vector<HostTensor> outputs = make_outputs(full);
  row.timing = time_calls(repeats, clock, [&] { plan->run(inputs, outputs); });
  row.gflops = full.flops() / row.timing.median * 1e-6;
  if (peak > 0.0) row.peak_share = *row.gflops / peak;
  return row;
}

}  // namespace lacuna::bench
