#include "runtime/self_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "runtime/cpu/reference_executor.h"

namespace lacuna::runtime {
namespace {

using graph::HostTensor;

/// The reference engine behind a driver that changes outputs.
class Lying final : public graph::Executor {
 public:
  using Lie = std::function<void(std::span<HostTensor>)>;
  explicit Lying(Lie lie) : lie_(std::move(lie)) {}
  std::string name() const override { return "lying"; }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override {
    return std::make_unique<Plan>(inner_.prepare(graph, std::move(weights)), lie_);
  }

 private:
  struct Plan final : graph::Plan {
    Plan(std::unique_ptr<graph::Plan> i, Lie l) : inner(std::move(i)), lie(std::move(l)) {}
    void run(std::span<const HostTensor> inputs, std::span<HostTensor> outputs) override {
      inner->run(inputs, outputs);
      lie(outputs);
    }
    std::size_t scratch_bytes() const override { return 0; }
    std::unique_ptr<graph::Plan> inner;
    Lie lie;
  };
  cpu::ReferenceExecutor inner_;
  Lie lie_;
};

std::string verdict(const Lying::Lie& lie) {
  Lying engine(lie);
  cpu::ReferenceExecutor reference;
  return failing_part(engine, reference);
}

TEST(SelfTest, AnHonestEnginePasses) {
  EXPECT_EQ(verdict([](std::span<HostTensor>) {}), "");
}

TEST(SelfTest, OneWrongValueOfAnyOutputIsFound) {
  std::size_t outputs = 0;
  verdict([&](std::span<HostTensor> all) { outputs = all.size(); });
  ASSERT_GT(outputs, 10u);
  for (std::size_t i = 0; i < outputs; ++i) {
    const std::string found = verdict([&](std::span<HostTensor> all) {
      if (all[i].dtype() == graph::DType::i32) {
        all[i].i32().back() += 1;
      } else {
        all[i].f32().back() += 0.01f * (1 + std::abs(all[i].f32().back()));
      }
    });
    EXPECT_NE(found, "") << "output " << i;
  }
}

TEST(SelfTest, AValueThatIsNoNumberIsFound) {
  EXPECT_NE(verdict([](std::span<HostTensor> all) { all[0].f32()[0] = NAN; }), "");
}

}  // namespace
}  // namespace lacuna::runtime
