#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

namespace lacuna::conformance {
namespace {

using graph::RopeAttributes;
using graph::RopeLayout;
using graph::Value;

struct RopeCase {
  std::string name;
  std::int64_t rows;
  int heads;
  int head_dim;
  std::vector<int> sections;
  float theta = 10000.0f;
};

}  // namespace

void add_rope_cases(CaseList& list) {
  const std::vector<RopeCase> cases = {
      {"full", 33, 3, 32, {16}},
      {"smallest", 1, 1, 2, {1}},
      {"large_theta", 33, 2, 64, {32}, 500000.0f},
      {"two_axes", 33, 4, 32, {8, 8}},
      {"three_uneven_axes", 17, 2, 24, {3, 4, 5}},
      {"partial", 33, 3, 40, {8}},
      {"partial_two_axes", 9, 2, 33, {5, 6}},
      {"axis_without_pairs", 9, 2, 16, {0, 8, 0}},
      {"odd_head", 257, 1, 33, {16}},
  };
  for (const RopeCase& c : cases) {
    for (RopeLayout layout : {RopeLayout::half, RopeLayout::interleaved}) {
      const std::string name = "rope_" + c.name + (layout == RopeLayout::half ? "_half" : "_interleaved");
      list.add("rope", name, {1e-5, 1e-2}, Gradient::smooth, [=](ProblemBuilder& p) {
        const auto axes = std::int64_t(c.sections.size());
        const Value x = p.input("x", {c.rows, c.heads * c.head_dim});
        p.output(rope(p.b, x, p.integers("positions", {c.rows, axes}, 0, 40), {c.head_dim, c.sections, c.theta, layout}));
      });
    }
  }
  for (RopeLayout layout : {RopeLayout::half, RopeLayout::interleaved}) {
    const std::string end = layout == RopeLayout::half ? "_half" : "_interleaved";
    list.add("rope", "rope_position_zero_copies" + end, {0.0, 0.0}, Gradient::smooth, [=](ProblemBuilder& p) {
      const Value positions = p.integers("positions", {7, 2}, std::vector<std::int32_t>(14, 0));
      p.output(rope(p.b, p.input("x", {7, 48}), positions, {16, {4, 4}, 10000.0f, layout}));
    });
    // float32 angles of thousands of radians are good to about 1e-4.
    list.add("rope", "rope_far_positions" + end, {5e-4, 1e-2}, Gradient::none, [=](ProblemBuilder& p) {
      const Value x = p.input("x", {33, 64});
      p.output(rope(p.b, x, p.integers("positions", {33, 1}, 0, 4096), {64, {32}, 10000.0f, layout}));
    });
  }
}

}  // namespace lacuna::conformance
