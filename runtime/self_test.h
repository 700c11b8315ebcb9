#pragma once

#include <set>
#include <string>
#include <vector>

#include "fusion/graph/executor.h"

namespace lacuna::runtime {

/// What the engine under test multiplies large matrices in, which decides what it is tried on: numbers that come out
/// exactly also in 16 bits, or as codes of 8 bits.
enum class Arithmetic : std::uint8_t { f32, half, int8 };

/// What an engine can be tried on, by name: "product f16", "rows f16" (of a table), "convolution i8", "attention 64" (heads
/// of 64), "norm rms", "norm layer", "norm group", "rope half", "rope interleaved", "draw", "swiglu", "upsample", "argmax",
/// "nearest"; and "codes" and "halves": large products in Arithmetic::int8 and half; "halves q4_0": the same of weights in
/// i8 or blocks, by an engine that widens them to f16 as they are.
using TestParts = std::set<std::string>;

/// Every kind of part that an engine computes in f32, attention with heads of several sizes.
TestParts all_test_parts();
/// The parts that a graph with these weights needs.
TestParts test_parts_of(const graph::Graph& graph, const graph::WeightSource& weights);

/// A part that an engine gets wrong.
struct FailingPart {
  std::string part;
  std::string detail;  // "107 columns of 132, off by 0.3 of the largest value"
};

/// Runs one small graph of odd sizes with the given parts through `engine` and `reference`, products and convolutions in
/// several widths, and gives what differs by more than rounding. What a driver that computes wrongly is found out by.
/// Throws what the engines throw, std::invalid_argument for an unknown part.
std::vector<FailingPart> failing_parts(graph::Executor& engine, graph::Executor& reference, const TestParts& parts,
                                       Arithmetic arithmetic = Arithmetic::f32);

}  // namespace lacuna::runtime
