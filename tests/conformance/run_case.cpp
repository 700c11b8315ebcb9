#include "tests/conformance/run_case.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "runtime/cpu/reference_executor.h"
#include "runtime/weights/block_quantize.h"
#include "runtime/weights/convert.h"
#include "tests/support/memory_weights.h"

namespace lacuna::conformance {
namespace {

using graph::DType;
using graph::HostTensor;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

float rounded(float x, Precision precision) {
  if (precision == Precision::f32) return x;
  if (precision == Precision::f16) return weights::f16_to_float(weights::float_to_f16(x));
  return weights::bf16_to_float(weights::float_to_bf16(x));
}

DType storage_of(Precision precision) {
  if (precision == Precision::f32) return DType::f32;
  return precision == Precision::f16 ? DType::f16 : DType::bf16;
}

double difference(double got, double expected) {
  if (std::isnan(got) && std::isnan(expected)) return 0.0;
  if (got == expected) return 0.0;
  const double distance = std::abs(got - expected);
  return std::isnan(distance) ? kInfinity : distance;
}

double error_of_values(std::span<const float> got, std::span<const float> expected) {
  double largest = 0.0, error = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::isfinite(expected[i])) largest = std::max(largest, double(std::abs(expected[i])));
    error = std::max(error, difference(got[i], expected[i]));
  }
  return largest > 0.0 ? error / largest : error;
}

double error_of_proposals(std::span<const float> got, std::span<const float> expected) {
  double error = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (i % 4 == 0) {
      if (got[i] != expected[i]) return kInfinity;
    } else {
      error = std::max(error, difference(got[i], expected[i]) / std::max(1.0, double(std::abs(expected[i]))));
    }
  }
  return error;
}

}  // namespace

PreparedProblem prepare(const Problem& problem, Precision precision) {
  PreparedProblem prepared{problem.graph, problem.inputs, nullptr};
  for (HostTensor& input : prepared.inputs) {
    if (input.dtype() != DType::f32) continue;
    for (float& x : input.f32()) x = rounded(x, precision);
  }
  auto source = std::make_shared<testing_support::MemoryWeights>();
  const auto block = block_dtype(precision);
  for (const WeightData& w : problem.weights) {
    if (block && w.shape.rank() == 2 && w.shape[1] % graph::kBlock == 0) {
      auto q = weights::quantize_blocks(w.values, w.shape[0], w.shape[1], *block);
      source->add_blocks(w.name, *block, w.shape, std::move(q.codes), std::move(q.scale), std::move(q.minimum));
      continue;
    }
    if (precision == Precision::int8 && w.shape.rank() == 2) {
      auto q = weights::quantize_rows_int8(w.values, std::size_t(w.shape[0]), std::size_t(w.shape[1]));
      std::vector<std::byte> bytes(q.values.size());
      std::ranges::transform(q.values, bytes.begin(), [](std::int8_t v) { return std::byte(v); });
      source->add(w.name, DType::i8, w.shape, std::move(bytes), std::move(q.scale));
    } else {
      const DType dtype = storage_of(precision);
      source->add(w.name, dtype, w.shape, weights::from_float(w.values, dtype));
    }
  }
  prepared.weights = std::move(source);
  return prepared;
}

std::vector<HostTensor> empty_outputs(const graph::Graph& graph) {
  std::vector<HostTensor> outputs;
  for (graph::ValueId id : graph.outputs) outputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  return outputs;
}

std::vector<HostTensor> run(const PreparedProblem& problem, graph::Executor& executor) {
  std::vector<HostTensor> outputs = empty_outputs(problem.graph);
  executor.prepare(problem.graph, problem.weights)->run(problem.inputs, outputs);
  return outputs;
}

double error_of(const graph::Graph& graph, std::span<const HostTensor> got, std::span<const HostTensor> expected) {
  double error = 0.0;
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    if (got[i].dtype() == DType::i32) {
      if (!std::ranges::equal(got[i].i32(), expected[i].i32())) return kInfinity;
    } else if (graph.value(graph.outputs[i]).name.starts_with("proposals")) {
      error = std::max(error, error_of_proposals(got[i].f32(), expected[i].f32()));
    } else {
      error = std::max(error, error_of_values(got[i].f32(), expected[i].f32()));
    }
  }
  return error;
}

double compare(const Case& c, graph::Executor& executor, graph::Executor& reference, Precision precision) {
  const PreparedProblem problem = prepare(c.make(), precision);
  return error_of(problem.graph, run(problem, executor), run(problem, reference));
}

double run_case(const Case& c, graph::Executor& executor, Precision precision) {
  const PreparedProblem problem = prepare(c.make(), precision);
  cpu::ReferenceExecutor reference;
  const std::vector<HostTensor> expected = run(problem, reference);
  const auto plan = executor.prepare(problem.graph, problem.weights);
  double error = 0.0;
  for (int round = 0; round < 2; ++round) {
    std::vector<HostTensor> got = empty_outputs(problem.graph);
    plan->run(problem.inputs, got);
    error = std::max(error, error_of(problem.graph, got, expected));
  }
  return error;
}

double time_case(const Case& c, graph::Executor& executor, Precision precision, int repeats) {
  if (repeats < 1) throw std::invalid_argument("[time_case] expected at least one repeat, got " + std::to_string(repeats));
  const PreparedProblem problem = prepare(c.make(), precision);
  const auto plan = executor.prepare(problem.graph, problem.weights);
  std::vector<HostTensor> outputs = empty_outputs(problem.graph);
  plan->run(problem.inputs, outputs);
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    plan->run(problem.inputs, outputs);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::nth_element(seconds, seconds.begin() + repeats / 2);
  return seconds[std::size_t(repeats / 2)];
}

}  // namespace lacuna::conformance
