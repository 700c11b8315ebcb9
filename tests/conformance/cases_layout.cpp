#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Shape;
using graph::SliceAttributes;
using graph::Value;

constexpr Tolerance kMoved{0.0, 0.0};

void add_reshape(CaseList& list) {
  list.add("reshape", "reshape", kMoved, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.input("x", {33, 6, 7});
    p.output(p.b.reshape(x, {33 * 42}), "flat");
    p.output(p.b.reshape(x, {1, 11, 3, 42}), "split");
  });
  list.add("reshape", "reshape_of_integers", kMoved, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.reshape(p.integers("x", {33, 2}, -1000000, 1000000), {66, 1}));
  });
  list.add("reshape", "reshape_whose_source_lives_on", {1e-6, 1e-2}, Gradient::smooth, [](ProblemBuilder& p) {
    // A view must not let the memory of what it looks at be taken.
    const Value x = p.b.affine(p.input("x", {33, 4}), {2.0f, 0.0f});
    const Value view = p.b.reshape(x, {4, 33});
    Value other = p.b.affine(x, {-1.0f, 0.0f});
    for (int i = 0; i < 3; ++i) other = p.b.affine(other, {0.5f, 1.0f});
    p.output(p.b.add(p.b.reshape(view, {33, 4}), other), "late");
    p.output(p.b.reshape(p.b.reshape(view, {132}), {12, 11}), "twice");
  });
  list.add("reshape", "reshape_of_weight", kMoved, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.reshape(p.weight("w", {3, 5, 7}), {7, 15})); });
}

void add_permute(CaseList& list) {
  const auto add = [&](const std::string& name, Shape shape, std::vector<int> order) {
    list.add("permute", "permute_" + name, kMoved, Gradient::smooth,
             [=](ProblemBuilder& p) { p.output(p.b.permute(p.input("x", shape), order)); });
  };
  add("transpose", {33, 257}, {1, 0});
  add("identity", {3, 33}, {0, 1});
  add("rank_1", {33}, {0});
  add("heads", {33, 4, 17}, {1, 0, 2});
  add("last_first", {5, 33, 7}, {2, 0, 1});
  add("reverse", {2, 3, 5, 7}, {3, 2, 1, 0});
  add("pixels", {2, 33, 5, 7}, {0, 2, 3, 1});
  add("rank_5", {2, 3, 4, 5, 6}, {4, 0, 3, 1, 2});
  add("axes_of_one", {1, 33, 1, 5}, {2, 3, 0, 1});
  list.add("permute", "permute_of_integers", kMoved, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.permute(p.integers("x", {33, 5}, -1000000, 1000000), {1, 0}));
  });
  list.add("permute", "permute_of_weight", kMoved, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.permute(p.weight("w", {3, 5, 7}), {2, 1, 0})); });
}

void add_slice(CaseList& list) {
  const auto add = [&](const std::string& name, Shape shape, SliceAttributes slice) {
    list.add("slice", "slice_" + name, kMoved, Gradient::smooth,
             [=](ProblemBuilder& p) { p.output(p.b.slice(p.input("x", shape), slice)); });
  };
  add("rows", {33, 257}, {0, 5, 17});
  add("columns", {33, 257}, {1, 1, 34});
  add("last_axis_negative", {5, 7, 33}, {-1, 32, 33});
  add("middle_axis", {5, 33, 7}, {1, 3, 30});
  add("everything", {5, 7}, {0, 0, 5});
  add("vector", {257}, {0, 100, 101});
  list.add("slice", "slice_of_integers", kMoved, Gradient::none, [](ProblemBuilder& p) {
    p.output(p.b.slice(p.integers("x", {33, 3}, -1000000, 1000000), {1, 1, 2}));
  });
  list.add("slice", "slice_of_weight_along_axis_0", kMoved, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.slice(p.weight("w", {257, 33}), {0, 7, 40})); });
  list.add("slice", "slice_of_weight_along_axis_1", kMoved, Gradient::smooth,
           [](ProblemBuilder& p) { p.output(p.b.slice(p.weight("w", {33, 65}), {1, 7, 40})); });
  list.add("slice", "slice_of_weight_slice", kMoved, Gradient::smooth, [](ProblemBuilder& p) {
    const Value part = p.b.slice(p.weight("w", {65, 9}), {0, 13, 50});
    p.output(p.b.slice(part, {0, 3, 30}), "inner");
    p.output(p.b.add(p.input("x", {33, 9}), p.b.slice(part, {0, 0, 33})), "sum");
  });
  list.add("slice", "slice_whose_source_lives_on", {1e-6, 1e-2}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.b.affine(p.input("x", {33, 8}), {2.0f, 0.0f});
    const Value part = p.b.slice(x, {0, 8, 16});
    Value other = p.b.affine(x, {0.5f, 1.0f});
    other = p.b.affine(other, {0.5f, 1.0f});
    p.output(p.b.add(p.b.slice(other, {0, 0, 8}), part));
  });
}

void add_concat(CaseList& list) {
  const auto add = [&](const std::string& name, std::vector<Shape> shapes, int axis) {
    list.add("concat", "concat_" + name, kMoved, Gradient::smooth, [=](ProblemBuilder& p) {
      std::vector<Value> parts;
      for (std::size_t i = 0; i < shapes.size(); ++i) parts.push_back(p.input("x" + std::to_string(i), shapes[i]));
      p.output(p.b.concat(parts, axis));
    });
  };
  add("rows", {{5, 33}, {1, 33}, {7, 33}}, 0);
  add("columns", {{33, 5}, {33, 1}, {33, 257}}, 1);
  add("middle", {{2, 3, 7}, {2, 5, 7}}, 1);
  add("last_of_rank_4", {{2, 3, 5, 1}, {2, 3, 5, 1}}, -1);
  add("one_input", {{5, 33}}, 0);
  list.add("concat", "concat_of_one_value_twice", kMoved, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.input("x", {5, 33});
    const Value parts[] = {x, p.b.slice(x, {0, 1, 2}), x};
    p.output(p.b.concat(parts, 0));
  });
  list.add("concat", "concat_of_integers", kMoved, Gradient::none, [](ProblemBuilder& p) {
    const Value parts[] = {p.integers("a", {33, 2}, -1000000, 1000000), p.integers("b", {33, 1}, -9, 9)};
    p.output(p.b.concat(parts, 1));
  });
  list.add("concat", "concat_of_weight_and_activations", kMoved, Gradient::smooth, [](ProblemBuilder& p) {
    const Value parts[] = {p.weight("w", {1, 33}), p.input("x", {7, 33}), p.b.constant({1, 33}, std::vector<float>(33, 0.5f))};
    p.output(p.b.concat(parts, 0));
  });
}

}  // namespace

void add_layout_cases(CaseList& list) {
  add_reshape(list);
  add_permute(list);
  add_slice(list);
  add_concat(list);
}

}  // namespace lacuna::conformance
