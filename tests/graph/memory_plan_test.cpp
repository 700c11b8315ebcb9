#include "fusion/graph/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/lower.h"
#include "tests/graph/transformer_graph.h"

namespace lacuna::graph {
namespace {

std::size_t bytes_of(const Graph& g, ValueId id) {
  return std::size_t(g.value(id).shape.elements()) * size_of(g.value(id).dtype);
}

std::size_t naive_bytes(const Graph& g) {
  std::size_t total = 0;
  for (const Node& node : g.nodes) total += bytes_of(g, node.output);
  return total;
}

/// Runs the program symbolically: every byte of the arena remembers which value was written there last, and
/// every read must still find its value. Independent of how the plan thinks about lifetimes.
void expect_sound(const Graph& g, const MemoryPlan& plan, std::size_t alignment) {
  const std::size_t cells = plan.arena_bytes / alignment;
  std::vector<ValueId> owner(cells, -1);
  const auto range = [&](ValueId id) {
    const std::size_t i = std::size_t(id);
    EXPECT_EQ(plan.offsets[i] % alignment, 0u);
    EXPECT_GE(plan.bytes[i], bytes_of(g, id));
    EXPECT_LE(plan.offsets[i] + plan.bytes[i], plan.arena_bytes);
    return std::pair(plan.offsets[i] / alignment, (plan.offsets[i] + plan.bytes[i]) / alignment);
  };
  const auto expect_intact = [&](ValueId id) {
    if (g.value(id).kind != ValueKind::computed || bytes_of(g, id) == 0) return;
    const auto [begin, end] = range(id);
    for (std::size_t c = begin; c < end; ++c) ASSERT_EQ(owner[c], id) << "value overwritten before its last reader";
  };
  for (const Node& node : g.nodes) {
    if (bytes_of(g, node.output) > 0) {
      // The output may not touch an input either: nodes do not run in place.
      const auto [begin, end] = range(node.output);
      for (std::size_t c = begin; c < end; ++c) owner[c] = node.output;
    }
    for (ValueId id : node.inputs) expect_intact(id);
  }
  for (ValueId id : g.outputs) expect_intact(id);
}

Graph random_graph(std::mt19937& random) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  GraphBuilder b;
  std::vector<Value> pool{b.input("x", DType::f32, {33}), b.input("y", DType::f32, {257})};
  const std::size_t steps = 5 + below(60);
  for (std::size_t i = 0; i < steps; ++i) {
    // Recent values are likelier, as in real programs, but old ones come back as residual paths do.
    const Value x = below(4) == 0 ? pool[below(pool.size())] : pool[pool.size() - 1 - below(std::min<std::size_t>(3, pool.size()))];
    const std::int64_t n = b.shape(x)[0];
    switch (below(4)) {
      case 0:
        pool.push_back(b.unary(x, Unary::exp));
        break;
      case 1: {
        const Value parts[] = {x, pool[below(pool.size())]};
        pool.push_back(b.concat(parts, 0));
        break;
      }
      case 2:
        pool.push_back(b.slice(x, {0, 0, std::int64_t(below(std::size_t(n) + 1))}));  // may be empty
        break;
      default:
        pool.push_back(b.add(x, x));
    }
  }
  pool.push_back(b.unary(pool.back(), Unary::exp));
  b.output("last", pool.back());
  for (std::size_t i = 2; i + 1 < pool.size(); i += 1 + below(10)) b.output("v" + std::to_string(i), pool[i]);
  return b.finish();
}

TEST(MemoryPlan, NoTwoLiveValuesOverlapInRandomGraphs) {
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    const Graph g = random_graph(random);
    for (std::size_t alignment : {std::size_t{4}, std::size_t{64}}) {
      const MemoryPlan plan = plan_memory(g, bytes_of, alignment);
      expect_sound(g, plan, alignment);
      std::size_t padded = 0;
      for (const Node& node : g.nodes) padded += plan.bytes[std::size_t(node.output)];
      EXPECT_LE(plan.arena_bytes, padded);
      if (HasFatalFailure()) FAIL() << "graph " << i;
    }
  }
}

TEST(MemoryPlan, NeverBelowWhatIsLiveAtOnce) {
  std::mt19937 random(2);
  for (int i = 0; i < 50; ++i) {
    const Graph g = random_graph(random);
    const MemoryPlan plan = plan_memory(g, bytes_of);
    std::size_t largest = 0;
    for (const Node& node : g.nodes) {
      std::set<ValueId> at_once(node.inputs.begin(), node.inputs.end());
      at_once.insert(node.output);
      std::size_t bytes = 0;
      for (ValueId id : at_once) bytes += plan.bytes[std::size_t(id)];
      largest = std::max(largest, bytes);
    }
    EXPECT_GE(plan.arena_bytes, largest);
  }
}

TEST(MemoryPlan, OnlyComputedValuesWithBytesHaveAPlace) {
  const Graph g = transformer_graph({});
  const MemoryPlan plan = plan_memory(g, [](const Graph& graph, ValueId id) {
    return graph.value(id).shape.rank() == 2 ? bytes_of(graph, id) : 0;
  });
  for (std::size_t i = 0; i < g.values.size(); ++i) {
    const bool placed = g.values[i].kind == ValueKind::computed && g.values[i].shape.rank() == 2;
    EXPECT_EQ(plan.offsets[i] != MemoryPlan::kNone, placed);
  }
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  GraphBuilder b;
  Value x = b.input("x", DType::f32, {1024});
  for (int i = 0; i < 50; ++i) x = b.unary(x, Unary::exp);
  b.output("y", x);
  EXPECT_EQ(plan_memory(b.finish(), bytes_of).arena_bytes, 2u * 4096u);
}

TEST(MemoryPlan, AStackOfLayersNeedsNoMoreThanAFewLayers) {
  // 24 layers, 2,048 wide, 1,280 tokens: fused attention, no logits.
  const TransformerSizes sizes{24, 1280, 2048, 5632, 16, 16, 1};
  const Graph g = transformer_graph(sizes);
  const MemoryPlan plan = plan_memory(g, bytes_of);
  TransformerSizes shallow = sizes;
  shallow.layers = 2;
  const Graph two = transformer_graph(shallow);
  EXPECT_EQ(plan.arena_bytes, plan_memory(two, bytes_of).arena_bytes) << "memory must not grow with depth";
  EXPECT_GT(naive_bytes(g), std::size_t{4'000'000'000});
  EXPECT_LT(plan.arena_bytes, std::size_t{100'000'000});
  RecordProperty("naive_bytes", std::to_string(naive_bytes(g)));
  RecordProperty("planned_bytes", std::to_string(plan.arena_bytes));
  const Graph primitives = lower(two, [](const Graph&, const Node&) { return false; });
  expect_sound(primitives, plan_memory(primitives, bytes_of, 4096), 4096);
}

}  // namespace
}  // namespace lacuna::graph
