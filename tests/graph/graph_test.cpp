#include "fusion/graph/graph.h"

#include <gtest/gtest.h>

#include <set>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/lower.h"
#include "tests/graph/transformer_graph.h"

namespace lacuna::graph {
namespace {

TEST(Graph, ManifestListsEveryWeightOnceInOrderOfFirstUse) {
  const Graph g = transformer_graph({});
  const auto weights = g.weights();
  ASSERT_EQ(weights.size(), 2u + 2u * 9u);
  EXPECT_EQ(weights.front().name, "embed");
  EXPECT_EQ(weights.front().shape, (Shape{257, 32}));
  EXPECT_EQ(weights[1].name, "blocks.0.norm1");
  EXPECT_EQ(weights.back().name, "norm");
  std::set<std::string> names;
  for (const NamedShape& w : weights) names.insert(w.name);
  EXPECT_EQ(names.size(), weights.size());
}

TEST(Graph, InputsAndOutputsAreFoundByName) {
  const Graph g = transformer_graph({});
  EXPECT_EQ(g.input_index("ids"), 0u);
  EXPECT_EQ(g.input_index("positions"), 1u);
  EXPECT_EQ(g.output_index("logits"), 1u);
  EXPECT_THROW(g.input_index("logits"), std::invalid_argument);
  EXPECT_THROW(g.output_index("ids"), std::invalid_argument);
}

TEST(Graph, NodesReadOnlyWhatCameBefore) {
  const Graph g = lower(transformer_graph({}), [](const Graph&, const Node&) { return false; });
  std::set<ValueId> known;
  for (std::size_t i = 0; i < g.values.size(); ++i) {
    if (g.values[i].kind != ValueKind::computed) known.insert(ValueId(i));
  }
  for (const Node& node : g.nodes) {
    for (ValueId id : node.inputs) EXPECT_TRUE(known.contains(id));
    EXPECT_TRUE(known.insert(node.output).second) << "written twice";
  }
}

TEST(Graph, FlopsOfEachCountedOp) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {7, 33});
  b.output("linear", b.linear(x, b.weight("w", {5, 33})));
  EXPECT_EQ(b.finish().flops(), 2.0 * 7 * 33 * 5);

  const Value a = b.input("a", DType::f32, {3, 7, 9});
  b.output("matmul", b.matmul(a, b.input("b", DType::f32, {3, 9, 11})));
  EXPECT_EQ(b.finish().flops(), 2.0 * 3 * 7 * 9 * 11);

  const Value image = b.input("image", DType::f32, {2, 3, 9, 9});
  b.output("conv", b.conv2d(image, b.weight("k", {5, 3, 3, 3}), std::nullopt, {2, 1, 1, 1, 1}));
  EXPECT_EQ(b.finish().flops(), 2.0 * 2 * 5 * 5 * 5 * 27);

  const Value q = b.input("q", DType::f32, {7, 32});
  b.output("attention", attention(b, q, q, q, {4, 4, 1.0f, {3, 4}}));
  EXPECT_EQ(b.finish().flops(), 4.0 * (9 + 16) * 32);

  const Value h = b.input("h", DType::f32, {7, 32});
  const Value keys = b.input("keys", DType::i32, {7, 5}), sampling = b.input("sampling", DType::f32, {4});
  b.output("propose", propose(b, h, h, b.weight("head", {65, 32}), sampling, keys));
  EXPECT_EQ(b.finish().flops(), 2.0 * 2 * 7 * 32 * 65);
}

TEST(Graph, FlopsDoNotChangeWhenAttentionIsLowered) {
  GraphBuilder b;
  const Value q = b.input("q", DType::f32, {7, 32}), kv = b.input("kv", DType::f32, {7, 16});
  b.output("y", attention(b, q, kv, kv, {4, 2, 1.0f, {3, 4}}));
  const Graph g = b.finish();
  EXPECT_EQ(lower(g, [](const Graph&, const Node&) { return false; }).flops(), g.flops());
}

}  // namespace
}  // namespace lacuna::graph
