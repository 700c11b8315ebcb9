#include <gtest/gtest.h>

#include <cmath>

#include "fusion/training/torch_forward.h"
#include "tests/conformance/numeric_gradient.h"

namespace lacuna::training {
namespace {

at::Tensor tensor_of(const graph::Shape& shape, const std::vector<float>& values) {
  return to_torch(values, at::kCPU).view(sizes_of(shape));
}

/// The sum of gradient times direction, by autograd.
double derivative(const conformance::Problem& problem, const conformance::DirectionalCheck& check) {
  TensorMap weights;
  for (const auto& weight : problem.weights) {
    weights[weight.name] = tensor_of(weight.shape, weight.values).set_requires_grad(true);
  }
  std::vector<at::Tensor> inputs;
  for (const auto& input : problem.inputs) {
    inputs.push_back(to_torch(input, at::kCPU));
    if (input.dtype() == graph::DType::f32) inputs.back().set_requires_grad(true);
  }
  const auto outputs = torch_forward(lower_for_torch(problem.graph), weights, inputs, Precision::f32);
  at::Tensor loss = at::zeros({}, at::TensorOptions().dtype(at::kFloat));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (check.output_weights[i].empty()) continue;
    loss = loss + at::sum(outputs[i].to(at::kFloat).reshape({-1}) * to_torch(check.output_weights[i], at::kCPU));
  }
  loss.backward();
  double sum = 0;
  const auto add = [&](const at::Tensor& value, const std::vector<float>& direction) {
    if (direction.empty() || !value.grad().defined()) return;
    sum += at::sum(value.grad().reshape({-1}).to(at::kDouble) * to_torch(direction, at::kCPU)).item<double>();
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].requires_grad()) add(inputs[i], check.input_direction[i]);
  }
  for (std::size_t i = 0; i < problem.weights.size(); ++i) {
    add(weights.at(problem.weights[i].name), check.weight_direction[i]);
  }
  return sum;
}

TEST(TorchGradients, AreThoseOfTheFormulas) {
  int checked = 0;
  for (const conformance::Case& c : conformance::all_cases()) {
    // A maximum has kinks, and among thousands of elements a difference steps over some.
    if (!c.differentiable || c.name.starts_with("reduce_max")) continue;
    const conformance::Problem problem = c.make();
    std::int64_t size = 0;
    for (const graph::ValueId id : problem.graph.outputs) size += problem.graph.value(id).shape.elements();
    if (size > 3000) continue;  // float64 formulas take long
    for (const std::uint64_t seed : {11, 12}) {
      const auto check = conformance::directional_check(problem, seed);
      EXPECT_NEAR(derivative(problem, check), check.derivative, 2e-4 * check.magnitude + 1e-5) << c.name;
      ++checked;
    }
  }
  EXPECT_GT(checked, 40);
}

}  // namespace
}  // namespace lacuna::training
