#include "runtime/recovering_executor.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "fusion/graph/graph_builder.h"

namespace lacuna::runtime {
namespace {

using graph::DeviceError;
using graph::DType;
using graph::HostTensor;
using Kind = DeviceError::Kind;

/// What a faulty machine has been asked, and how often it is to fail still.
struct Machine {
  int failures = 0;
  Kind kind = Kind::lost;
  int refusals = 0;  // openings that fail
  int opened = 0;
  int plans = 0;
  int engines = 0;
};

/// y = 2 x, on a machine that fails; dies when a plan outlives its engine.
class Engine final : public graph::Executor {
 public:
  Engine(Machine& machine, std::string name) : machine_(machine), name_(std::move(name)) {
    ++machine_.opened;
    if (machine_.refusals > 0) {
      --machine_.refusals;
      throw DeviceError(Kind::lost, "does not open");
    }
    ++machine_.engines;
  }
  ~Engine() override {
    EXPECT_EQ(plans_, 0) << "a plan outlives its engine";
    --machine_.engines;
  }
  std::string name() const override { return name_; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph&, std::shared_ptr<const graph::WeightSource>) override {
    return std::make_unique<Doubling>(*this);
  }

 private:
  struct Doubling final : graph::Plan {
    explicit Doubling(Engine& e) : engine(e) { ++engine.plans_; }
    ~Doubling() override { --engine.plans_; }
    void run(std::span<const HostTensor> inputs, std::span<HostTensor> outputs) override {
      if (engine.name_ == "faulty" && engine.machine_.failures > 0) {
        --engine.machine_.failures;
        throw DeviceError(engine.machine_.kind, "gone");
      }
      outputs[0].f32()[0] = 2 * inputs[0].f32()[0];
    }
    std::size_t scratch_bytes() const override { return 8; }
    Engine& engine;
  };
  Machine& machine_;
  std::string name_;
  int plans_ = 0;
};

class Recovering : public testing::Test {
 protected:
  Recovery recovery(bool fall_back) {
    Recovery r;
    r.make = [this] { return std::make_unique<Engine>(machine_, "faulty"); };
    if (fall_back) r.fall_back = [this] { return std::make_unique<Engine>(machine_, "safe"); };
    r.on_event = [this](const std::string& line) { events_.push_back(line); };
    return r;
  }
  static graph::Graph graph() {
    graph::GraphBuilder b;
    b.output("y", b.affine(b.input("x", DType::f32, {1}), {2.0f, 0.0f}));
    return b.finish();
  }
  static float run(graph::Plan& plan, float x) {
    std::vector<HostTensor> inputs, outputs;
    inputs.push_back(HostTensor::of({1}, std::vector<float>{x}));
    outputs.emplace_back(DType::f32, graph::Shape{1});
    plan.run(inputs, outputs);
    return outputs[0].f32()[0];
  }
  static Kind kind_of(graph::Plan& plan) {
    try {
      run(plan, 1);
    } catch (const DeviceError& error) {
      return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return Kind::unsupported;
  }

  Machine machine_;
  std::vector<std::string> events_;
};

TEST_F(Recovering, ARunIsRepeatedAfterALossAndAllPlansGoOn) {
  RecoveringExecutor executor(recovery(false));
  const auto one = executor.prepare(graph(), nullptr), two = executor.prepare(graph(), nullptr);
  EXPECT_EQ(run(*one, 3), 6);
  machine_.failures = 1;
  EXPECT_EQ(run(*one, 4), 8);
  EXPECT_EQ(run(*two, 5), 10);
  EXPECT_EQ(executor.losses(), 1);
  EXPECT_EQ(machine_.opened, 2);
  EXPECT_EQ(machine_.engines, 1);
  EXPECT_EQ(events_.size(), 1u);
  EXPECT_EQ(one->scratch_bytes(), 8u);
}

TEST_F(Recovering, ASecondLossIsThrown) {
  RecoveringExecutor executor(recovery(false));
  const auto plan = executor.prepare(graph(), nullptr);
  machine_.failures = 2;
  EXPECT_EQ(kind_of(*plan), Kind::lost);
  EXPECT_EQ(kind_of(*plan), Kind::lost) << "afterwards as well";
}

TEST_F(Recovering, ASecondLossFallsBack) {
  RecoveringExecutor executor(recovery(true));
  const auto plan = executor.prepare(graph(), nullptr);
  machine_.failures = 2;
  EXPECT_EQ(run(*plan, 3), 6);
  EXPECT_EQ(executor.name(), "safe");
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(Recovering, ADeviceThatDoesNotOpenAgainFallsBack) {
  Machine other;
  Recovery r = recovery(true);
  r.fall_back = [&other] { return std::make_unique<Engine>(other, "safe"); };
  RecoveringExecutor executor(r);
  const auto plan = executor.prepare(graph(), nullptr);
  machine_.failures = 1;
  machine_.refusals = 5;
  EXPECT_EQ(run(*plan, 3), 6);
  EXPECT_EQ(executor.name(), "safe");
  EXPECT_EQ(machine_.opened, 2) << "tried once more";
}

TEST_F(Recovering, ShortMemoryFallsBackOrIsThrown) {
  machine_.kind = Kind::out_of_memory;
  RecoveringExecutor alone(recovery(false)), both(recovery(true));
  const auto thrown = alone.prepare(graph(), nullptr), carried = both.prepare(graph(), nullptr);
  machine_.failures = 1;
  EXPECT_EQ(kind_of(*thrown), Kind::out_of_memory);
  EXPECT_EQ(run(*thrown, 3), 6) << "the engine is still there";
  machine_.failures = 1;
  EXPECT_EQ(run(*carried, 3), 6);
  EXPECT_EQ(both.name(), "safe");
}

TEST_F(Recovering, WhatADeviceCannotDoIsThrown) {
  machine_.kind = Kind::unsupported;
  RecoveringExecutor executor(recovery(true));
  const auto plan = executor.prepare(graph(), nullptr);
  machine_.failures = 1;
  EXPECT_EQ(kind_of(*plan), Kind::unsupported);
  EXPECT_EQ(executor.losses(), 0);
}

TEST_F(Recovering, PlansMayOutliveTheExecutorObject) {
  auto executor = std::make_unique<RecoveringExecutor>(recovery(false));
  const auto plan = executor->prepare(graph(), nullptr);
  executor.reset();
  EXPECT_EQ(run(*plan, 3), 6);
}

TEST(RecoveryOptions, RefuseWhatMakesNoSense) {
  EXPECT_THROW(RecoveringExecutor(Recovery{}), std::invalid_argument);
  Recovery r;
  r.make = []() -> std::unique_ptr<graph::Executor> { return nullptr; };
  r.rebuilds = -1;
  EXPECT_THROW(RecoveringExecutor{r}, std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::runtime
