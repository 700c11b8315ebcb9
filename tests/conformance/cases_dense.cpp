#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Value;

constexpr Tolerance kLinear{1e-5, 2e-2, 3e-2};
/// Elements are moved, not computed: rounded inputs stay as they are, i8 rows are scaled.
constexpr Tolerance kMoved{0.0, 0.0, 1e-2};

struct LinearSize {
  std::int64_t rows, in, out;
};

void add_linear(CaseList& list) {
  for (const LinearSize s : {LinearSize{1, 1, 1}, {1, 33, 257}, {33, 257, 1}, {257, 33, 65}, {33, 64, 96}, {7, 32, 33}, {65, 160, 257},
                             {96, 192, 288}}) {
    const std::string size = std::to_string(s.rows) + "x" + std::to_string(s.in) + "x" + std::to_string(s.out);
    list.add("linear", "linear_" + size, kLinear, Gradient::smooth, [s](ProblemBuilder& p) {
      p.output(p.b.linear(p.input("x", {s.rows, s.in}), p.matrix("w", s.out, s.in)));
    });
    list.add("linear", "linear_bias_" + size, kLinear, Gradient::smooth, [s](ProblemBuilder& p) {
      p.output(p.b.linear(p.input("x", {s.rows, s.in}), p.matrix("w", s.out, s.in), p.weight("b", {s.out})));
    });
  }
  list.add("linear", "linear_of_a_vector", kLinear, Gradient::smooth, [](ProblemBuilder& p) {
    p.output(p.b.linear(p.input("x", {33}), p.matrix("w", 65, 33), p.weight("b", {65})));
  });
  list.add("linear", "linear_of_rank_3", kLinear, Gradient::smooth, [](ProblemBuilder& p) {
    p.output(p.b.linear(p.input("x", {2, 7, 33}), p.matrix("w", 65, 33), p.weight("b", {65})));
  });
  list.add("linear", "linear_two_uses_of_one_weight", kLinear, Gradient::smooth, [](ProblemBuilder& p) {
    const Value w = p.matrix("w", 33, 33);
    p.output(p.b.linear(p.b.linear(p.input("x", {7, 33}), w), w));
  });
  // An engine may treat a slice of a weight along axis 0 as a view.
  for (const LinearSize s : {LinearSize{7, 33, 257}, {33, 64, 96}, {7, 160, 301}}) {
    list.add("linear", "linear_on_slice_of_weight_" + std::to_string(s.out), kLinear, Gradient::smooth, [s](ProblemBuilder& p) {
      const Value x = p.input("x", {s.rows, s.in}), w = p.matrix("w", s.out, s.in);
      p.output(p.b.linear(x, p.b.slice(w, {0, 0, s.out / 3})), "first");
      p.output(p.b.linear(x, p.b.slice(w, {0, s.out / 3, s.out})), "rest");
      p.output(p.b.linear(x, p.b.slice(w, {0, 0, s.out})), "all");
      p.output(p.b.linear(x, p.b.slice(w, {0, s.out - 1, s.out})), "one");
    });
  }
  list.add("linear", "linear_on_slice_of_weight_and_bias", kLinear, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.input("x", {7, 33}), w = p.matrix("w", 65, 33), bias = p.weight("b", {65});
    p.output(p.b.linear(x, p.b.slice(w, {0, 13, 46}), p.b.slice(bias, {0, 13, 46})));
  });
  list.add("linear", "linear_on_slice_of_input_axis", kLinear, Gradient::smooth, [](ProblemBuilder& p) {
    p.output(p.b.linear(p.input("x", {7, 20}), p.b.slice(p.matrix("w", 65, 33), {1, 5, 25})));
  });
  list.add("linear", "linear_on_two_weights_joined", kLinear, Gradient::smooth, [](ProblemBuilder& p) {
    const Value parts[] = {p.matrix("w1", 33, 33), p.matrix("w2", 17, 33)};
    p.output(p.b.linear(p.input("x", {7, 33}), p.b.concat(parts, 0)));
  });
  list.add("linear", "linear_on_computed_weight", {}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.input("x", {7, 33}), w = p.input("w", {65, 33}), bias = p.input("b", {65});
    p.output(p.b.linear(x, p.b.affine(w, {0.2f, 0.0f}), bias));
  });
}

void add_matmul(CaseList& list) {
  const auto add = [&](const std::string& name, graph::Shape a, graph::Shape b, bool transpose) {
    list.add("matmul", "matmul_" + name, {}, Gradient::smooth, [a, b, transpose](ProblemBuilder& p) {
      p.output(p.b.matmul(p.input("a", a), p.input("b", b), {transpose}));
    });
  };
  add("1x1x1", {1, 1}, {1, 1}, false);
  add("33x257x65", {33, 257}, {257, 65}, false);
  add("33x257x65_transposed", {33, 257}, {65, 257}, true);
  add("row_times_matrix", {1, 33}, {33, 257}, false);
  add("column_times_row", {33, 1}, {1, 257}, false);
  add("batched", {5, 7, 33}, {5, 33, 9}, false);
  add("batched_transposed", {5, 7, 33}, {5, 9, 33}, true);
  add("rank_4", {2, 3, 7, 33}, {2, 3, 33, 9}, false);
  add("rank_4_transposed", {2, 3, 33, 17}, {2, 3, 1, 17}, true);
  list.add("matmul", "matmul_with_weight_and_constant", {}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value y = p.b.matmul(p.input("a", {7, 5}), p.weight("w", {5, 3}));
    p.output(p.b.matmul(y, p.b.constant({3, 1}, {0.5f, -2.0f, 1.0f})));
  });
  list.add("matmul", "matmul_with_itself", {}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value a = p.input("a", {33, 17});
    p.output(p.b.matmul(a, a, {true}));
  });
}

void add_gather(CaseList& list) {
  list.add("gather_rows", "gather_rows_of_weight", kMoved, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.gather_rows(p.weight("table", {257, 33}), p.integers("ids", {65}, 0, 257)));
  });
  list.add("gather_rows", "gather_rows_ends_and_repeats", kMoved, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.gather_rows(p.weight("table", {257, 64}), p.integers("ids", {5}, {256, 0, 256, 0, 1})));
  });
  list.add("gather_rows", "gather_rows_of_slice_of_weight", kMoved, Gradient::none, [](ProblemBuilder& p) {
    const Value table = p.b.slice(p.weight("table", {257, 33}), {0, 100, 133});
    p.output(p.b.gather_rows(table, p.integers("ids", {33}, 0, 33)));
  });
  list.add("gather_rows", "gather_rows_of_activations", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.gather_rows(p.input("table", {33, 65}), p.integers("ids", {9}, 0, 33)));
  });
  list.add("gather_rows", "gather_rows_of_integers", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.gather_rows(p.integers("table", {33, 2}, -1000000, 1000000), p.integers("ids", {9}, 0, 33)));
  });
  list.add("gather_rows", "gather_rows_one_wide", kMoved, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.gather_rows(p.weight("table", {33, 1}), p.integers("ids", {1}, 0, 33)));
  });
  for (const std::int64_t width : {33, 96}) {
    const std::string name = "gather_rows_tied_with_linear" + std::string(width == 33 ? "" : "_96");
    list.add("gather_rows", name, kLinear, Gradient::smooth, [width](ProblemBuilder& p) {
      const Value table = p.matrix("table", 65, width);
      p.output(p.b.linear(p.b.gather_rows(table, p.integers("ids", {9}, 0, 65)), table));
    });
  }
}

}  // namespace

void add_dense_cases(CaseList& list) {
  add_linear(list);
  add_matmul(list);
  add_gather(list);
}

}  // namespace lacuna::conformance
