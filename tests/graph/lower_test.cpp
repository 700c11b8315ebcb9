#include "fusion/graph/lower.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_dump.h"
#include "tests/graph/transformer_graph.h"

namespace lacuna::graph {
namespace {

bool never(const Graph&, const Node&) { return false; }

/// Every fused op once.
Graph all_fused() {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {6, 32}), z = b.input("z", DType::f32, {1, 6, 4, 5});
  const Value positions = b.input("positions", DType::i32, {6, 1}), keys = b.input("keys", DType::i32, {6, 5});
  const Value sampling = b.input("sampling", DType::f32, {4});
  b.output("rms", rms_norm(b, x, b.weight("w", {32}), 1e-5f));
  b.output("layer", layer_norm(b, x, b.weight("w", {32}), b.weight("b", {32}), 1e-5f));
  b.output("group", group_norm(b, z, b.weight("gw", {6}), b.weight("gb", {6}), {1e-6f, 3}));
  b.output("swiglu", swiglu(b, x, x));
  b.output("rope", rope(b, x, positions, {8, {3}}));
  b.output("attention", attention(b, x, x, x, {4, 4, 0.5f, {2, 4}}));
  b.output("propose", propose(b, x, x, b.weight("head", {33, 32}), sampling, keys));
  b.output("nearest", quantise_nearest(b, z, b.weight("codebook", {9, 6})));
  b.output("sign", quantise_sign(b, z));
  return b.finish();
}

TEST(Lower, LeavesNothingFused) {
  for (const Graph& g : {all_fused(), transformer_graph({})}) {
    const Graph primitives = lower(g, never);
    for (const Node& node : primitives.nodes) EXPECT_FALSE(is_fused(node.op)) << name_of(node.op);
  }
}

TEST(Lower, KeepsNamesOrderShapesAndDtypes) {
  const Graph before = all_fused(), after = lower(before, never);
  const auto same = [&](const std::vector<ValueId>& a, const std::vector<ValueId>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(before.value(a[i]).name, after.value(b[i]).name);
      EXPECT_EQ(before.value(a[i]).shape, after.value(b[i]).shape);
      EXPECT_EQ(before.value(a[i]).dtype, after.value(b[i]).dtype) << before.value(a[i]).name;
    }
  };
  same(before.inputs, after.inputs);
  same(before.outputs, after.outputs);
  const auto a = before.weights(), b = after.weights();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].shape, b[i].shape);
  }
}

TEST(Lower, ClaimedNodesStay) {
  const Graph g = transformer_graph({});
  const Graph same = lower(g, [](const Graph&, const Node&) { return true; });
  EXPECT_EQ(same.nodes.size(), g.nodes.size());
  const Graph only_attention = lower(g, [](const Graph&, const Node& n) { return n.op == Op::attention; });
  EXPECT_EQ(std::ranges::count(only_attention.nodes, Op::attention, &Node::op), 2);
  for (const Node& node : only_attention.nodes) EXPECT_TRUE(!is_fused(node.op) || node.op == Op::attention);
}

TEST(Lower, AsksAboutEveryFusedNodeAndNoOther) {
  std::vector<Op> asked;
  lower(all_fused(), [&](const Graph& g, const Node& n) {
    EXPECT_TRUE(is_fused(n.op));
    EXPECT_LT(std::size_t(n.output), g.values.size());
    asked.push_back(n.op);
    return true;
  });
  EXPECT_EQ(asked.size(), 9u);
}

TEST(Lower, IsIdempotent) {
  const Graph once = lower(all_fused(), never);
  EXPECT_EQ(dump(lower(once, never)), dump(once));
}

}  // namespace
}  // namespace lacuna::graph
