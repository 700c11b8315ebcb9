#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Shape;
using graph::Value;

constexpr Tolerance kNorm{1e-5, 2e-2};

enum class Norm { rms, layer, layer_without_bias };

Value normalised(ProblemBuilder& p, Norm norm, Value x, float epsilon) {
  const std::int64_t width = p.b.shape(x)[-1];
  const Value w = p.weight("w", {width}, Range{0.5f, 1.5f});
  if (norm == Norm::rms) return rms_norm(p.b, x, w, epsilon);
  if (norm == Norm::layer_without_bias) return layer_norm(p.b, x, w, std::nullopt, epsilon);
  return layer_norm(p.b, x, w, p.weight("b", {width}), epsilon);
}

}  // namespace

void add_norm_cases(CaseList& list) {
  for (Norm norm : {Norm::rms, Norm::layer, Norm::layer_without_bias}) {
    const std::string op = norm == Norm::rms ? "rms_norm" : "layer_norm";
    const std::string name = op + (norm == Norm::layer_without_bias ? "_without_bias" : "");
    const auto add = [&](const std::string& what, Shape shape, Range range, float epsilon) {
      list.add(op, name + "_" + what, kNorm, Gradient::smooth,
               [=](ProblemBuilder& p) { p.output(normalised(p, norm, p.input("x", shape, range), epsilon)); });
    };
    add("33x257", {33, 257}, {}, 1e-5f);
    add("257x33", {257, 33}, {}, 1e-6f);
    add("one_element", {1, 1}, {}, 1e-5f);
    add("vector", {65}, {}, 1e-5f);
    add("wide", {3, 4097}, {}, 1e-5f);
    add("heads", {7, 5, 33}, {}, 1e-6f);
    add("far_from_zero", {9, 384}, {3.0f, 5.0f}, 1e-5f);
    add("small_values", {9, 33}, {-1e-3f, 1e-3f}, 1e-5f);
    list.add(op, name + "_row_of_zeros", kNorm, Gradient::none, [=](ProblemBuilder& p) {
      std::vector<float> x = p.numbers("x", 3 * 33, {});
      for (std::size_t i = 33; i < 66; ++i) x[i] = 0.0f;
      p.output(normalised(p, norm, p.input("x", {3, 33}, x), 1e-5f));
    });
  }
}

}  // namespace lacuna::conformance
