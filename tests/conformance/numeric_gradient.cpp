#include "tests/conformance/numeric_gradient.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "fusion/graph/philox.h"
#include "tests/conformance/formulas.h"

namespace lacuna::conformance {
namespace {

using graph::DType;

/// Uniform numbers in [-1, 1), another stream for each tensor.
std::vector<float> numbers(std::uint64_t seed, std::uint32_t stream, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = float(2.0 * graph::uniform_at(seed, graph::RandomStream::data, stream, std::uint32_t(i)) - 1.0);
  }
  return values;
}

/// Data at `data + t * direction`, all in float64.
std::vector<Array> outputs_at(const Problem& p, const DirectionalCheck& check, double t) {
  const graph::Graph& g = p.graph;
  std::vector<Array> values;
  std::map<std::string, std::size_t> weight_index;
  for (std::size_t i = 0; i < p.weights.size(); ++i) weight_index[p.weights[i].name] = i;
  for (const graph::ValueInfo& info : g.values) {
    values.emplace_back(info.shape);
    std::vector<double>& to = values.back().values;
    if (info.kind == graph::ValueKind::constant) std::ranges::copy(info.constant, to.begin());
    if (info.kind != graph::ValueKind::weight) continue;
    const std::size_t w = weight_index.at(info.name);
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = double(p.weights[w].values[i]) + t * double(check.weight_direction[w][i]);
    }
  }
  for (std::size_t k = 0; k < p.inputs.size(); ++k) {
    std::vector<double>& to = values[std::size_t(g.inputs[k])].values;
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = p.inputs[k].dtype() == DType::i32
                  ? double(p.inputs[k].i32()[i])
                  : double(p.inputs[k].f32()[i]) + t * double(check.input_direction[k][i]);
    }
  }
  for (const graph::Node& node : g.nodes) {
    std::vector<const Array*> in;
    for (graph::ValueId id : node.inputs) in.push_back(&values[std::size_t(id)]);
    values[std::size_t(node.output)] = evaluate(node, g.value(node.output).shape, in);
  }
  std::vector<Array> outputs;
  for (graph::ValueId id : g.outputs) outputs.push_back(values[std::size_t(id)]);
  return outputs;
}

}  // namespace

DirectionalCheck directional_check(const Problem& p, std::uint64_t seed) {
  DirectionalCheck check;
  std::uint32_t stream = 0;
  for (graph::ValueId id : p.graph.outputs) {
    const graph::ValueInfo& info = p.graph.value(id);
    const std::size_t count = info.dtype == DType::f32 ? std::size_t(info.shape.elements()) : 0;
    check.output_weights.push_back(numbers(seed, stream++, count));
  }
  for (const graph::HostTensor& input : p.inputs) {
    check.input_direction.push_back(numbers(seed, stream++, input.dtype() == DType::f32 ? input.f32().size() : 0));
  }
  for (const WeightData& w : p.weights) check.weight_direction.push_back(numbers(seed, stream++, w.values.size()));

  constexpr double kStep = 1e-4;
  constexpr std::array<double, 4> kOffsets{-2, -1, 1, 2};
  constexpr std::array<double, 4> kFactors{1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
  std::array<std::vector<Array>, 4> at;
  for (std::size_t i = 0; i < 4; ++i) at[i] = outputs_at(p, check, kOffsets[i] * kStep);
  for (std::size_t k = 0; k < check.output_weights.size(); ++k) {
    for (std::size_t i = 0; i < check.output_weights[k].size(); ++i) {
      double slope = 0.0;
      for (std::size_t j = 0; j < 4; ++j) slope += kFactors[j] * at[j][k].values[i] / kStep;
      check.derivative += double(check.output_weights[k][i]) * slope;
      check.magnitude += std::abs(double(check.output_weights[k][i]) * slope);
    }
  }
  return check;
}

}  // namespace lacuna::conformance
