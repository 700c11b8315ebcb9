#include "runtime/cpu/scratch_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "fusion/graph/graph_builder.h"
#include "runtime/cpu/cpu_executor.h"
#include "tests/support/random_weights.h"

namespace lacuna::cpu {
namespace {

using graph::DType;
using graph::HostTensor;

TEST(ScratchPool, OneBlockServesPlansOneAfterAnother) {
  ScratchPool pool;
  for (const std::size_t bytes : {100u, 5000u, 64u, 0u, 3000u}) {
    const ScratchPool::Loan loan(pool, bytes);
    if (bytes > 0) std::memset(loan.data(), 1, bytes);
    EXPECT_EQ(pool.free_bytes(), 0u);
  }
  EXPECT_EQ(pool.free_bytes(), 5000u);
}

TEST(ScratchPool, LoansOfOneTimeAreApart) {
  ScratchPool pool;
  {
    const ScratchPool::Loan a(pool, 1000), b(pool, 2000);
    EXPECT_TRUE(a.data() + 1000 <= b.data() || b.data() + 2000 <= a.data());
  }
  EXPECT_EQ(pool.free_bytes(), 3000u);
  {
    const ScratchPool::Loan loan(pool, 1500);
    EXPECT_EQ(pool.free_bytes(), 1000u) << "the large one was lent";
  }
}

/// softmax(x w)^2: some scratch, results that differ by row.
graph::Graph network(std::int64_t rows) {
  graph::GraphBuilder b;
  const auto y = b.softmax(b.linear(b.input("x", DType::f32, {rows, 24}), b.weight("w", {40, 24})));
  b.output("y", b.multiply(y, y));
  return b.finish();
}

std::vector<float> outcome(graph::Plan& plan, std::int64_t rows) {
  std::vector<float> x(std::size_t(rows) * 24);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = float(int(i * 37 % 101) - 50) / 50.0f;
  const std::vector<HostTensor> inputs{HostTensor::of({rows, 24}, x)};
  std::vector<HostTensor> outputs{HostTensor(DType::f32, {rows, 40})};
  plan.run(inputs, outputs);
  const auto values = outputs[0].f32();
  return {values.begin(), values.end()};
}

TEST(ScratchPool, PlansOfOneExecutorDoNotDisturbEachOther) {
  const auto weights = testing_support::random_weights({network(1)});
  CpuExecutor shared;
  std::vector<std::unique_ptr<graph::Plan>> plans;
  std::vector<std::vector<float>> expected;
  const std::vector<std::int64_t> sizes = {3, 130, 1, 65};
  for (const std::int64_t rows : sizes) {
    CpuExecutor alone;
    expected.push_back(outcome(*alone.prepare(network(rows), weights), rows));
    plans.push_back(shared.prepare(network(rows), weights));
  }
  const auto run_all = [&](std::size_t first) {
    for (int round = 0; round < 20; ++round) EXPECT_EQ(outcome(*plans[first], sizes[first]), expected[first]);
  };
  for (std::size_t i = 0; i < plans.size(); ++i) run_all(i);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < plans.size(); ++i) threads.emplace_back(run_all, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace lacuna::cpu
