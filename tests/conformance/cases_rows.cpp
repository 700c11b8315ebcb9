#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::Reduction;
using graph::Shape;
using graph::Value;

const Shape kShapes[] = {{1, 1}, {33}, {257, 33}, {33, 257}, {2, 3, 65}, {3, 4097}, {257, 1}};

std::string suffix(const Shape& shape) {
  std::string text;
  for (std::int64_t size : shape.sizes()) text += (text.empty() ? "_" : "x") + std::to_string(size);
  return text;
}

}  // namespace

void add_row_cases(CaseList& list) {
  for (Reduction reduction : {Reduction::sum, Reduction::mean, Reduction::max}) {
    for (const Shape& shape : kShapes) {
      list.add("reduce", "reduce_" + std::string(graph::name_of(reduction)) + suffix(shape), {1e-5, 1e-2}, Gradient::smooth,
               [=](ProblemBuilder& p) { p.output(p.b.reduce(p.input("x", shape, Range{-1, 2}), reduction)); });
    }
  }
  list.add("reduce", "reduce_max_of_negatives", {0.0, 0.0}, Gradient::none,
           [](ProblemBuilder& p) { p.output(p.b.reduce(p.input("x", {9, 33}, Range{-9, -1}), Reduction::max)); });
  for (const Shape& shape : kShapes) {
    list.add("softmax", "softmax" + suffix(shape), {1e-6, 1e-2}, Gradient::smooth,
             [=](ProblemBuilder& p) { p.output(p.b.softmax(p.input("x", shape, Range{-5, 5}))); });
    list.add("argmax", "argmax" + suffix(shape), {0.0, 0.0}, Gradient::none,
             [=](ProblemBuilder& p) { p.output(p.b.argmax(p.input("x", shape))); });
  }
  list.add("softmax", "softmax_large_values", {1e-6, 2e-2}, Gradient::none, [](ProblemBuilder& p) {
    std::vector<float> x(4 * 33, 3e4f);
    for (std::size_t i = 0; i < 33; ++i) x[33 + i] = -3e4f, x[66 + i] = i == 32 ? 3e4f : -3e4f, x[99 + i] = float(i) * 8;
    p.output(p.b.softmax(p.input("x", {4, 33}, x)));
  });
  list.add("argmax", "argmax_first_of_equals", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    std::vector<float> x;
    for (int v : p.whole_numbers("x", 33 * 257, -2, 3)) x.push_back(float(v));
    for (std::size_t i = 0; i < 257; ++i) x[i] = 0.0f;  // one row all equal
    p.output(p.b.argmax(p.input("x", {33, 257}, x)));
  });
  list.add("argmax", "argmax_at_the_end", {0.0, 0.0}, Gradient::none, [](ProblemBuilder& p) {
    std::vector<float> x(2 * 257, -5.0f);
    x[256] = -4.0f, x[257] = -4.0f;
    p.output(p.b.argmax(p.input("x", {2, 257}, x)));
  });
}

}  // namespace lacuna::conformance
