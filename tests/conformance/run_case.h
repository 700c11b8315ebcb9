#pragma once

#include <memory>
#include <span>
#include <vector>

#include "fusion/graph/executor.h"
#include "tests/conformance/case.h"

namespace lacuna::conformance {

/// A problem with inputs rounded and weights stored as `precision` says.
struct PreparedProblem {
  graph::Graph graph;
  std::vector<graph::HostTensor> inputs;
  std::shared_ptr<const graph::WeightSource> weights;
};
PreparedProblem prepare(const Problem& problem, Precision precision);

/// Zero-filled tensors for the outputs of `graph`.
std::vector<graph::HostTensor> empty_outputs(const graph::Graph& graph);
/// Prepares and runs once.
std::vector<graph::HostTensor> run(const PreparedProblem& problem, graph::Executor& executor);

/// The largest error of `got`: for f32 outputs |got - expected| over the largest |expected| of that output; for
/// the statistics of proposals |got - expected| over max(1, |expected|). Another token, another integer, or NaN
/// on one side alone is an infinite error.
double error_of(const graph::Graph& graph, std::span<const graph::HostTensor> got,
                std::span<const graph::HostTensor> expected);

/// Runs the case on `executor` and on `reference`, each from the same data, and returns error_of.
double compare(const Case& c, graph::Executor& executor, graph::Executor& reference, Precision precision);
/// Runs the case on `executor` and on the reference engine; the executor runs twice, so that one which
/// leaves something behind in its memory is found out.
double run_case(const Case& c, graph::Executor& executor, Precision precision);

/// Median seconds of one run among `repeats`, after one run that is not counted.
double time_case(const Case& c, graph::Executor& executor, Precision precision, int repeats);

}  // namespace lacuna::conformance
