#include "runtime/cpu/cpu_executor.h"

#include <gtest/gtest.h>

#include <functional>

#include "fusion/graph/graph_builder.h"
#include "runtime/cpu/reference_executor.h"
#include "tests/support/random_weights.h"

namespace lacuna::cpu {
namespace {

using graph::DType;
using graph::GraphBuilder;
using graph::HostTensor;
using graph::Value;

graph::Graph layer() {
  GraphBuilder b;
  b.output("y", b.linear(b.input("x", DType::f32, {3, 8}), b.weight("w", {5, 8})));
  return b.finish();
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing thrown";
}

TEST(CpuExecutor, NamesTheWeightThatIsMissingOrMisshapen) {
  CpuExecutor executor;
  auto weights = std::make_shared<testing_support::MemoryWeights>();
  EXPECT_NE(message_of([&] { executor.prepare(layer(), weights); }).find("\"w\" [5, 8], got none"), std::string::npos);
  weights->add("w", {8, 5}, std::vector<float>(40));
  EXPECT_NE(message_of([&] { executor.prepare(layer(), weights); }).find("got [8, 5]"), std::string::npos);
}

TEST(CpuExecutor, RefusesTensorsThatDoNotFit) {
  CpuExecutor executor;
  const auto plan = executor.prepare(layer(), testing_support::random_weights({layer()}));
  std::vector<HostTensor> inputs{HostTensor(DType::f32, {4, 8})}, outputs{HostTensor(DType::f32, {3, 5})};
  EXPECT_NE(message_of([&] { plan->run(inputs, outputs); }).find("\"x\" as f32 [3, 8], got f32 [4, 8]"), std::string::npos);
  EXPECT_NE(message_of([&] { plan->run({}, outputs); }).find("1 inputs, got 0"), std::string::npos);
}

/// A layer with its activation, and a residual, may follow from weights alone: they are computed when the plan is made.
TEST(CpuExecutor, LayersThatFollowFromWeightsAloneAreComputedOnce) {
  GraphBuilder b;
  const Value condition = b.constant({1, 6}, {0.5f, -1.0f, 2.0f, 0.25f, -0.5f, 1.5f});
  const Value hidden = b.unary(b.linear(condition, b.weight("first", {5, 6}), b.weight("bias", {5})), graph::Unary::silu);
  const Value sum = b.add(b.linear(hidden, b.weight("second", {8, 5})), b.constant({1, 8}, std::vector<float>(8, 0.5f)));
  const Value x = b.input("x", DType::f32, {3, 8});
  b.output("y", b.add(b.multiply(x, sum), b.linear(hidden, b.weight("third", {8, 5}))));
  const graph::Graph graph = b.finish();
  const auto weights = testing_support::random_weights({graph});
  CpuExecutor engine({Precision::f32, 2});
  ReferenceExecutor reference;
  std::vector<float> values;
  for (int i = 0; i < 24; ++i) values.push_back(float(i % 7) - 3.0f);
  const std::vector<HostTensor> inputs{HostTensor::of({3, 8}, values)};
  std::vector<HostTensor> got{HostTensor(DType::f32, {3, 8})}, wanted{HostTensor(DType::f32, {3, 8})};
  const auto plan = engine.prepare(graph, weights);
  plan->run(inputs, got);
  plan->run(inputs, got);
  reference.prepare(graph, weights)->run(inputs, wanted);
  for (std::size_t i = 0; i < 24; ++i) EXPECT_NEAR(got[0].f32()[i], wanted[0].f32()[i], 1e-5) << i;
}

TEST(CpuExecutor, RefusesIdsOutOfRange) {
  GraphBuilder b;
  b.output("y", b.gather_rows(b.weight("table", {4, 3}), b.input("ids", DType::i32, {2})));
  const graph::Graph graph = b.finish();
  CpuExecutor executor;
  const auto plan = executor.prepare(graph, testing_support::random_weights({graph}));
  std::vector<HostTensor> outputs{HostTensor(DType::f32, {2, 3})};
  for (std::int32_t bad : {-1, 4}) {
    const std::vector<HostTensor> inputs{HostTensor::of({2}, std::vector<std::int32_t>{0, bad})};
    EXPECT_THROW(plan->run(inputs, outputs), std::invalid_argument);
  }
}

TEST(CpuExecutor, RefusesNegativeThreads) { EXPECT_THROW(CpuExecutor({Precision::f32, -1}), std::invalid_argument); }

TEST(CpuExecutor, FallsBackToWhatTheProcessorHas) {
  const CpuFeatures bare{}, vnni{true, true, false, true}, all{true, true, true, true};
  EXPECT_EQ(usable_precision(Precision::automatic, bare), Precision::f32);
  EXPECT_EQ(usable_precision(Precision::bf16, bare), Precision::f32);
  EXPECT_EQ(usable_precision(Precision::int8, bare), Precision::f32);
  EXPECT_EQ(usable_precision(Precision::int8, vnni), Precision::int8);
  EXPECT_EQ(usable_precision(Precision::automatic, vnni), Precision::f32);
  EXPECT_EQ(usable_precision(Precision::automatic, all), Precision::bf16);
  EXPECT_EQ(usable_precision(Precision::f32, all), Precision::f32);
}

/// A slice of a weight is packed by itself: the arena must not hold a copy of the table.
TEST(CpuExecutor, SlicesOfWeightsAreViews) {
  GraphBuilder b;
  const Value head = b.weight("head", {4096, 64});
  b.output("y", b.linear(b.input("x", DType::f32, {1, 64}), b.slice(head, {0, 100, 103})));
  const graph::Graph graph = b.finish();
  const auto weights = testing_support::random_weights({graph});
  CpuExecutor executor({Precision::f32, 1});
  const auto plan = executor.prepare(graph, weights);
  EXPECT_LT(plan->scratch_bytes(), std::size_t{4096 * 64});
  const std::vector<HostTensor> inputs{HostTensor::of({1, 64}, std::vector<float>(64, 1.0f))};
  std::vector<HostTensor> outputs{HostTensor(DType::f32, {1, 3})};
  plan->run(inputs, outputs);
  const auto* table = reinterpret_cast<const float*>(weights->find("head")->bytes.data());
  for (std::size_t row = 0; row < 3; ++row) {
    double sum = 0.0;
    for (std::size_t i = 0; i < 64; ++i) sum += table[(100 + row) * 64 + i];
    EXPECT_NEAR(outputs[0].f32()[row], sum, 1e-4);
  }
}

TEST(CpuExecutor, OutputsThatFollowFromWeightsAlone) {
  GraphBuilder b;
  const Value w = b.weight("w", {3, 4});
  b.output("twice", b.affine(b.slice(w, {0, 1, 3}), {2.0f, 0.0f}));
  const graph::Graph graph = b.finish();
  const auto weights = testing_support::random_weights({graph});
  CpuExecutor executor;
  const auto plan = executor.prepare(graph, weights);
  std::vector<HostTensor> outputs{HostTensor(DType::f32, {2, 4})};
  plan->run({}, outputs);
  const auto* table = reinterpret_cast<const float*>(weights->find("w")->bytes.data());
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(outputs[0].f32()[i], 2.0f * table[4 + i]);
}

}  // namespace
}  // namespace lacuna::cpu
