#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/graph.h"
#include "fusion/graph/host_tensor.h"

/// One list of small programs that every engine runs and compares with the reference engine.
namespace lacuna::conformance {

/// How weights are stored, and what inputs are rounded to beforehand (so that rounding is no error):
/// f32; bf16; f16; int8 = weights of rank 2 as i8 with one factor a row, all else as in bf16; q8_0, q4_0, q4_1 =
/// matrices with a multiple of 32 columns block-quantised (graph/block_format.h), all else as in bf16.
enum class Precision { f32, bf16, f16, int8, q8_0, q4_0, q4_1 };
/// The dtype of block-quantised matrices at `precision`; nothing at the others.
std::optional<graph::DType> block_dtype(Precision precision);
std::string_view name_of(Precision precision);

/// Largest error allowed, see run_case. A negative number: the case says nothing at that precision.
struct Tolerance {
  double f32 = 1e-5;
  double half = 2e-2;  // bf16, f16 and block-quantised matrices
  double int8 = -1.0;  // for cases with a weight of rank 2

  double at(Precision precision) const;
};

inline constexpr double kNotDefined = -1.0;

struct WeightData {
  std::string name;
  graph::Shape shape;
  std::vector<float> values;
};

/// A graph with its data in f32. Outputs called "proposals..." are proposals; the others are plain values.
struct Problem {
  graph::Graph graph;
  std::vector<graph::HostTensor> inputs;
  std::vector<WeightData> weights;
};

struct Case {
  std::string op;    // the op under test, or "graph" for a whole network
  std::string name;  // unique, letters, digits and underscores
  Tolerance tolerance;
  /// Every output is a smooth function of every f32 input and weight where the data lie.
  bool differentiable = false;
  std::function<Problem()> make;
};

/// Every case, grouped by op.
std::vector<Case> all_cases();
/// The ops of all_cases(), each once, in order.
std::vector<std::string> all_ops();

}  // namespace lacuna::conformance
