#include "tests/conformance/numeric_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/conformance/problem_builder.h"

namespace lacuna::conformance {
namespace {

using graph::Unary;
using graph::Value;

TEST(NumericGradient, OfALinearMapIsTheMapOfTheDirection) {
  ProblemBuilder b("gradient_linear");
  b.output(b.b.linear(b.input("x", {3, 5}), b.weight("w", {4, 5}, std::vector<float>(20, 0.0f))));
  const Problem p = b.finish();
  const DirectionalCheck check = directional_check(p, 1);
  // With w = 0 only its direction counts: sum of g[m, n] x[m, k] dw[n, k].
  double expected = 0.0;
  for (std::size_t m = 0; m < 3; ++m) {
    for (std::size_t n = 0; n < 4; ++n) {
      for (std::size_t k = 0; k < 5; ++k) {
        expected += double(check.output_weights[0][m * 4 + n]) * double(p.inputs[0].f32()[m * 5 + k]) *
                    double(check.weight_direction[0][n * 5 + k]);
      }
    }
  }
  EXPECT_NEAR(check.derivative, expected, 1e-9);
  EXPECT_GE(check.magnitude, std::abs(check.derivative));
}

TEST(NumericGradient, OfKnownFunctions) {
  ProblemBuilder b("gradient_functions");
  const Value x = b.input("x", {33}, Range{0.5f, 2.0f});
  b.output(b.b.unary(x, Unary::exp), "exp");
  b.output(b.b.unary(x, Unary::log), "log");
  b.output(b.b.multiply(x, x), "square");
  const Problem p = b.finish();
  const DirectionalCheck check = directional_check(p, 2);
  double expected = 0.0;
  for (std::size_t i = 0; i < 33; ++i) {
    const double at = double(p.inputs[0].f32()[i]), d = double(check.input_direction[0][i]);
    expected += d * (double(check.output_weights[0][i]) * std::exp(at) + double(check.output_weights[1][i]) / at +
                     double(check.output_weights[2][i]) * 2 * at);
  }
  EXPECT_NEAR(check.derivative, expected, 1e-8 * check.magnitude);
}

TEST(NumericGradient, SmoothCasesAreSmooth) {
  // Two seeds, two finite answers, and a function that does depend on its data.
  for (const Case& c : all_cases()) {
    if (!c.differentiable) continue;
    const Problem p = c.make();
    std::int64_t size = 0;
    for (graph::ValueId id : p.graph.outputs) size += p.graph.value(id).shape.elements();
    if (size > 3000) continue;
    const DirectionalCheck check = directional_check(p, 3);
    EXPECT_TRUE(std::isfinite(check.derivative)) << c.name;
    // A softmax or a norm of one element, and x - x, are constant.
    const bool constant = size == 1 || c.name == "softmax_257x1" || c.name == "subtract_itself";
    EXPECT_TRUE(check.magnitude > 0.0 || constant) << c.name;
  }
}

}  // namespace
}  // namespace lacuna::conformance
