#include "runtime/cpu/reference_executor.h"

#include <gtest/gtest.h>

#include <numeric>

#include "fusion/graph/fused_ops.h"
#include "tests/support/memory_weights.h"

namespace lacuna::cpu {
namespace {

using graph::DType;
using graph::GraphBuilder;
using graph::HostTensor;
using graph::Value;
using testing_support::MemoryWeights;

std::vector<float> counting(std::size_t n, float first = 1.0f) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), first);
  return values;
}

/// y = w x + x, w [3, 3].
graph::Graph small_graph(std::int64_t rows = 2) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {rows, 3});
  b.output("y", b.add(b.linear(x, b.weight("w", {3, 3})), x));
  return b.finish();
}

std::shared_ptr<MemoryWeights> identity_times(float factor) {
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("w", graph::Shape{3, 3}, std::vector<float>{factor, 0, 0, 0, factor, 0, 0, 0, factor});
  return weights;
}

TEST(ReferenceExecutor, RunsAndRunsAgain) {
  ReferenceExecutor engine;
  EXPECT_EQ(engine.name(), "reference");
  const auto plan = engine.prepare(small_graph(), identity_times(2.0f));
  EXPECT_GT(plan->scratch_bytes(), 0u);
  std::vector<HostTensor> out{HostTensor(DType::f32, {2, 3})};
  for (float first : {1.0f, 10.0f}) {
    const HostTensor in[] = {HostTensor::of({2, 3}, counting(6, first))};
    plan->run(in, out);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(out[0].f32()[i], 3.0f * (first + float(i)));
  }
}

TEST(ReferenceExecutor, PlansOfTwoSourcesDoNotMix) {
  ReferenceExecutor engine;
  const auto twice = engine.prepare(small_graph(), identity_times(2.0f));
  const auto thrice = engine.prepare(small_graph(1), identity_times(3.0f));
  const HostTensor two[] = {HostTensor::of({2, 3}, counting(6))}, one[] = {HostTensor::of({1, 3}, counting(3))};
  std::vector<HostTensor> out2{HostTensor(DType::f32, {2, 3})}, out1{HostTensor(DType::f32, {1, 3})};
  twice->run(two, out2);
  thrice->run(one, out1);
  EXPECT_EQ(out2[0].f32()[0], 3.0f);
  EXPECT_EQ(out1[0].f32()[0], 4.0f);
}

TEST(ReferenceExecutor, ASourceThatDiedIsNotRemembered) {
  ReferenceExecutor engine;
  const HostTensor in[] = {HostTensor::of({2, 3}, counting(6))};
  std::vector<HostTensor> out{HostTensor(DType::f32, {2, 3})};
  for (int i = 0; i < 20; ++i) {  // new sources are likely to be given an old one's address
    engine.prepare(small_graph(), identity_times(float(i)))->run(in, out);
    EXPECT_EQ(out[0].f32()[0], float(i) + 1.0f);
  }
}

TEST(ReferenceExecutor, RefusesTensorsThatDoNotFit) {
  ReferenceExecutor engine;
  const auto plan = engine.prepare(small_graph(), identity_times(1.0f));
  std::vector<HostTensor> good_out{HostTensor(DType::f32, {2, 3})};
  const std::vector<HostTensor> good_in{HostTensor(DType::f32, {2, 3})};
  EXPECT_NO_THROW(plan->run(good_in, good_out));
  EXPECT_THROW(plan->run({}, good_out), std::invalid_argument);
  EXPECT_THROW(plan->run(good_in, {}), std::invalid_argument);
  const std::vector<HostTensor> wrong_shape{HostTensor(DType::f32, {3, 2})}, wrong_dtype{HostTensor(DType::i32, {2, 3})};
  EXPECT_THROW(plan->run(wrong_shape, good_out), std::invalid_argument);
  EXPECT_THROW(plan->run(wrong_dtype, good_out), std::invalid_argument);
  std::vector<HostTensor> wrong_out{HostTensor(DType::f32, {3, 2})};
  EXPECT_THROW(plan->run(good_in, wrong_out), std::invalid_argument);
}

TEST(ReferenceExecutor, PrepareNamesTheMissingWeight) {
  ReferenceExecutor engine;
  for (const std::shared_ptr<MemoryWeights>& source : {std::shared_ptr<MemoryWeights>(), std::make_shared<MemoryWeights>()}) {
    try {
      engine.prepare(small_graph(), source);
      ADD_FAILURE();
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("\"w\""), std::string::npos) << error.what();
    }
  }
}

TEST(ReferenceExecutor, IdsOutsideTheTableAreAnError) {
  GraphBuilder b;
  const Value table = b.input("table", DType::f32, {5, 2}), ids = b.input("ids", DType::i32, {3});
  b.output("y", b.gather_rows(table, ids));
  ReferenceExecutor engine;
  const auto plan = engine.prepare(b.finish(), nullptr);
  std::vector<HostTensor> out{HostTensor(DType::f32, {3, 2})};
  for (std::int32_t bad : {-1, 5}) {
    const HostTensor in[] = {HostTensor::of({5, 2}, counting(10)), HostTensor::of({3}, std::vector<std::int32_t>{0, bad, 4})};
    EXPECT_THROW(plan->run(in, out), std::invalid_argument);
  }
}

TEST(ReferenceExecutor, CastRefusesWhatDoesNotFit) {
  GraphBuilder b;
  b.output("y", b.cast(b.input("x", DType::f32, {1})));
  ReferenceExecutor engine;
  const auto plan = engine.prepare(b.finish(), nullptr);
  std::vector<HostTensor> out{HostTensor(DType::i32, {1})};
  const auto run = [&](float x) {
    const HostTensor in[] = {HostTensor::of({1}, std::vector<float>{x})};
    plan->run(in, out);
    return out[0].i32()[0];
  };
  EXPECT_EQ(run(-3.7f), -3);
  EXPECT_EQ(run(-0x1p31f), std::numeric_limits<std::int32_t>::min());
  EXPECT_THROW(run(0x1p31f), std::invalid_argument);
  EXPECT_THROW(run(std::numeric_limits<float>::quiet_NaN()), std::invalid_argument);
}

TEST(ReferenceExecutor, OneWeightTwoUsesAndManyOutputs) {
  GraphBuilder b;
  const Value x = b.input("x", DType::f32, {2, 3}), w = b.weight("w", {3, 3});
  const Value first = b.linear(x, b.slice(w, {0, 1, 3}));
  b.output("first", first);
  b.output("second", b.linear(x, w));
  b.output("sum", b.reduce(first, graph::Reduction::sum));
  ReferenceExecutor engine;
  const auto plan = engine.prepare(b.finish(), identity_times(2.0f));
  const HostTensor in[] = {HostTensor::of({2, 3}, counting(6))};
  std::vector<HostTensor> out{HostTensor(DType::f32, {2, 2}), HostTensor(DType::f32, {2, 3}), HostTensor(DType::f32, {2, 1})};
  plan->run(in, out);
  EXPECT_EQ(out[0].f32()[0], 4.0f);
  EXPECT_EQ(out[1].f32()[5], 12.0f);
  EXPECT_EQ(out[2].f32()[1], 22.0f);
}

}  // namespace
}  // namespace lacuna::cpu
