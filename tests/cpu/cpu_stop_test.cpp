#include <gtest/gtest.h>

#include <atomic>

#include "fusion/graph/graph_builder.h"
#include "runtime/cpu/cpu_executor.h"
#include "tests/support/random_weights.h"

namespace lacuna::cpu {
namespace {

using graph::DType;
using graph::HostTensor;

/// Two layers, whose tiles are some hundred.
graph::Graph layers() {
  graph::GraphBuilder b;
  const graph::Value x = b.input("x", DType::f32, {640, 64});
  b.output("y", b.linear(b.linear(x, b.weight("a", {512, 64})), b.weight("b", {256, 512})));
  return b.finish();
}

TEST(CpuStop, ARunEndsBetweenTilesAndTheNextOneIsWhole) {
  const graph::Graph graph = layers();
  const auto weights = testing_support::random_weights({graph});
  for (const int threads : {1, 2, 3}) {
    std::atomic<bool> stop{false};
    std::atomic<int> asked{0};
    CpuOptions options{Precision::f32, threads};
    options.stop = [&] {
      ++asked;
      return stop.load();
    };
    CpuExecutor executor(options);
    const auto plan = executor.prepare(graph, weights);
    const std::vector<HostTensor> inputs{HostTensor(DType::f32, {640, 64})};
    std::vector<HostTensor> outputs{HostTensor(DType::f32, {640, 256})};
    asked = 0;
    plan->run(inputs, outputs);
    const int whole = asked;
    EXPECT_GT(whole, 16);
    const std::vector<float> expected(outputs[0].f32().begin(), outputs[0].f32().end());

    stop = true;
    asked = 0;
    EXPECT_THROW(plan->run(inputs, outputs), graph::Cancelled);
    EXPECT_LE(asked, threads);  // each thread once
    EXPECT_THROW(CpuExecutor(options).prepare(graph, weights), graph::Cancelled);

    stop = false;
    plan->run(inputs, outputs);
    const auto again = outputs[0].f32();
    EXPECT_EQ(std::vector<float>(again.begin(), again.end()), expected);
  }
}

/// A request that comes in the middle of a run.
TEST(CpuStop, WhatIsLeftOfALoopIsDropped) {
  const graph::Graph graph = layers();
  const auto weights = testing_support::random_weights({graph});
  std::atomic<int> asked{0};
  std::atomic<int> allowed{1 << 30};
  CpuOptions options{Precision::f32, 2};
  options.stop = [&] { return ++asked > allowed; };
  CpuExecutor executor(options);
  const auto plan = executor.prepare(graph, weights);
  const std::vector<HostTensor> inputs{HostTensor(DType::f32, {640, 64})};
  std::vector<HostTensor> outputs{HostTensor(DType::f32, {640, 256})};
  for (const int at : {1, 5, 12}) {
    asked = 0;
    allowed = at;
    EXPECT_THROW(plan->run(inputs, outputs), graph::Cancelled);
    EXPECT_LE(asked, at + 2);
  }
}

}  // namespace
}  // namespace lacuna::cpu
