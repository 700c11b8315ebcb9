#include <array>

#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Op;
using graph::Unary;
using graph::Value;

Value apply(ProblemBuilder& p, Op op, Value a, Value b) {
  if (op == Op::add) return p.b.add(a, b);
  return op == Op::subtract ? p.b.subtract(a, b) : p.b.multiply(a, b);
}

void add_binary(CaseList& list, Op op) {
  const std::string name{graph::name_of(op)};
  const auto add = [&](const std::string& what, graph::Shape a, graph::Shape b) {
    list.add(name, name + "_" + what, {1e-6, 1e-2}, Gradient::smooth,
             [=](ProblemBuilder& p) { p.output(apply(p, op, p.input("a", a), p.input("b", b))); });
  };
  add("same_shape", {33, 257}, {33, 257});
  add("one_element", {1}, {1});
  add("row", {33, 257}, {257});
  add("row_of_rank_2", {33, 257}, {1, 257});
  add("column", {33, 257}, {33, 1});
  add("scalar", {33, 257}, {});
  add("channels", {2, 33, 5, 7}, {33, 1, 1});
  add("both_ends", {5, 33, 7}, {5, 1, 7});
  add("middle", {5, 33, 7}, {1, 33, 1});
  list.add(name, name + "_itself", {1e-6, 1e-2}, Gradient::smooth, [=](ProblemBuilder& p) {
    const Value x = p.input("x", {33, 17});
    p.output(apply(p, op, x, x));
  });
  list.add(name, name + "_weight", {1e-6, 1e-2}, Gradient::smooth, [=](ProblemBuilder& p) {
    p.output(apply(p, op, p.input("x", {7, 33}), p.weight("w", {33})));
  });
  list.add(name, name + "_constant", {1e-6, 1e-2}, Gradient::smooth, [=](ProblemBuilder& p) {
    p.output(apply(p, op, p.input("x", {7, 2, 3}), p.b.constant({2, 1}, {0.5f, -3.0f})));
  });
}

struct UnaryCase {
  Unary function;
  Range range;
};

constexpr std::array kUnary = {
    UnaryCase{Unary::negate, {-9, 9}},     UnaryCase{Unary::exp, {-9, 3}},        UnaryCase{Unary::log, {0.01f, 9}},
    UnaryCase{Unary::sqrt, {0.1f, 9}},     UnaryCase{Unary::rsqrt, {0.1f, 9}},    UnaryCase{Unary::square, {-3, 3}},
    UnaryCase{Unary::sin, {-9, 9}},        UnaryCase{Unary::cos, {-9, 9}},        UnaryCase{Unary::tanh, {-5, 5}},
    UnaryCase{Unary::sigmoid, {-12, 12}},  UnaryCase{Unary::silu, {-12, 12}},     UnaryCase{Unary::gelu_erf, {-6, 6}},
    UnaryCase{Unary::gelu_tanh, {-6, 6}},  UnaryCase{Unary::relu, {-3, 3}},
};

}  // namespace

void add_elementwise_cases(CaseList& list) {
  for (Op op : {Op::add, Op::subtract, Op::multiply}) add_binary(list, op);
  list.add("affine", "affine", {1e-6, 1e-2}, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.affine(p.input("x", {33, 257}), {-1.7f, 0.3f})); });
  list.add("affine", "affine_constant_result", {0.0, 1e-2}, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.affine(p.input("x", {1}), {0.0f, 2.0f})); });
  for (const UnaryCase& u : kUnary) {
    const std::string name = "unary_" + std::string(graph::name_of(u.function));
    // The kink of relu is at 0, which no random number hits.
    list.add("unary", name, {2e-6, 1e-2}, Gradient::smooth,
             [u](ProblemBuilder& p) { p.output(p.b.unary(p.input("x", {3, 257}, u.range), u.function)); });
    list.add("unary", name + "_one_element", {2e-6, 1e-2}, Gradient::smooth,
             [u](ProblemBuilder& p) { p.output(p.b.unary(p.input("x", {1}, u.range), u.function)); });
  }
  list.add("unary", "unary_far_out", {2e-6, 1e-2}, Gradient::none, [](ProblemBuilder& p) {
    const Value x = p.input("x", {5}, {-100.0f, -30.0f, 0.0f, 30.0f, 100.0f});
    for (Unary f : {Unary::tanh, Unary::sigmoid, Unary::silu, Unary::gelu_erf, Unary::gelu_tanh, Unary::relu}) {
      p.output(p.b.unary(x, f), std::string(graph::name_of(f)));
    }
  });
  list.add("unary", "unary_of_weight", {2e-6, 1e-2}, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.unary(p.weight("w", {33, 7}), Unary::silu)); });
  list.add("cast", "cast_from_integers", {0.0, 0.0}, Gradient::none,
           [](ProblemBuilder& p) { p.output(p.b.cast(p.integers("i", {33, 7}, -256, 257))); });
  list.add("cast", "cast_to_integers", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    std::vector<float> whole;
    for (int v : p.whole_numbers("x", 33, -256, 257)) whole.push_back(float(v));
    p.output(p.b.cast(p.input("x", {33}, whole)));
  });
  list.add("cast", "cast_large_integers", {0.0, kNotDefined}, Gradient::none, [](ProblemBuilder& p) {
    const Value i = p.integers("i", {257}, -(1 << 24), 1 << 24);
    p.output(p.b.cast(p.b.cast(i)), "back");
    p.output(p.b.cast(i), "real");
  });
  for (const graph::Shape& shape : {graph::Shape{1}, {33, 257}, {2, 3, 65}}) {
    list.add("swiglu", "swiglu_" + std::to_string(shape.elements()), {2e-6, 2e-2}, Gradient::smooth, [shape](ProblemBuilder& p) {
      p.output(swiglu(p.b, p.input("gate", shape, Range{-8, 8}), p.input("up", shape)));
    });
  }
}

}  // namespace lacuna::conformance
