#include <cmath>
#include <numeric>

#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::AttentionAttributes;
using graph::Value;

struct AttentionCase {
  std::string name;
  int heads;
  int kv_heads;
  int head_dim;
  std::vector<std::int64_t> segments;
  Range range = {};
};

}  // namespace

void add_attention_cases(CaseList& list) {
  const std::vector<AttentionCase> cases = {
      {"one_row", 1, 1, 1, {1}},
      {"one_segment", 4, 4, 32, {33}},
      {"odd_head_dim", 3, 3, 33, {65}},
      {"wide_head", 1, 1, 128, {33}},
      {"ragged", 2, 2, 32, {1, 33, 257, 2, 64}},
      {"single_rows", 2, 2, 16, {1, 1, 1}},
      {"grouped", 8, 2, 32, {33, 17}},
      {"one_key_head", 6, 1, 24, {9, 65}},
      {"long", 2, 1, 32, {321}},
      {"block_edges", 2, 2, 64, {63, 64, 65, 129}},
      {"peaked", 2, 2, 16, {65}, {-6, 6}},
  };
  for (const AttentionCase& c : cases) {
    // Scores of magnitude 100 turn bf16's rounding of a query into another weighting.
    const Tolerance tolerance = c.name == "peaked" ? Tolerance{1e-4, 2e-1} : Tolerance{1e-5, 2e-2};
    list.add("attention", "attention_" + c.name, tolerance, Gradient::smooth, [c](ProblemBuilder& p) {
      const std::int64_t rows = std::accumulate(c.segments.begin(), c.segments.end(), std::int64_t{0});
      const Value q = p.input("q", {rows, c.heads * c.head_dim}, c.range);
      const Value k = p.input("k", {rows, c.kv_heads * c.head_dim}, c.range);
      const Value v = p.input("v", {rows, c.kv_heads * c.head_dim});
      p.output(attention(p.b, q, k, v, {c.heads, c.kv_heads, 1.0f / std::sqrt(float(c.head_dim)), c.segments}));
    });
  }
  list.add("attention", "attention_scale_zero_is_the_mean", {1e-5, 2e-2}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value q = p.input("q", {33, 16}), k = p.input("k", {33, 16}), v = p.input("v", {33, 16});
    p.output(attention(p.b, q, k, v, {2, 2, 0.0f, {16, 17}}));
  });
  list.add("attention", "attention_scores_far_from_zero", {1e-4, kNotDefined}, Gradient::none, [](ProblemBuilder& p) {
    // exp of these scores overflows a float32 unless the largest is taken off first.
    const Value q = p.input("q", {33, 8}, Range{9, 10}), k = p.input("k", {33, 8}, Range{9, 10});
    p.output(attention(p.b, q, k, p.input("v", {33, 8}), {1, 1, 1.0f, {33}}));
  });
  list.add("attention", "attention_with_a_bias", {1e-5, 2e-2}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value q = p.input("q", {50, 32}), k = p.input("k", {50, 16}), v = p.input("v", {50, 16});
    p.output(attention(p.b, q, k, v, {4, 2, 0.35f, {17, 33}}, p.input("bias", {50, 35})));
  });
  list.add("attention", "attention_with_a_bias_of_equal_segments", {1e-5, 2e-2}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value q = p.input("q", {34, 16}), k = p.input("k", {34, 16}), v = p.input("v", {34, 16});
    p.output(attention(p.b, q, k, v, {2, 2, 0.35f, {17, 17}}, p.input("bias", {34, 17})));
  });
  list.add("attention", "attention_causal", {1e-5, 2e-2}, Gradient::none, [](ProblemBuilder& p) {
    const Value q = p.input("q", {33, 16}), k = p.input("k", {33, 16}), v = p.input("v", {33, 16});
    std::vector<float> bias(33 * 33, 0.0f);
    for (std::size_t i = 0; i < 33; ++i) {
      for (std::size_t j = i + 1; j < 33; ++j) bias[i * 33 + j] = graph::kUnseen;
    }
    p.output(attention(p.b, q, k, v, {2, 2, 0.35f, {33}}, p.b.constant({33, 33}, bias)));
  });
  list.add("attention", "attention_with_itself", {1e-5, 2e-2}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value x = p.input("x", {33, 32});
    p.output(attention(p.b, x, x, x, {2, 2, 0.25f, {33}}));
  });
}

}  // namespace lacuna::conformance
