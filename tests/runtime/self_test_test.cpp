#include "runtime/self_test.h"

#include <gtest/gtest.h>

#include <algorithm>
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

std::vector<FailingPart> verdict(const Lying::Lie& lie) {
  Lying engine(lie);
  cpu::ReferenceExecutor reference;
  return failing_parts(engine, reference, all_test_parts());
}

TEST(SelfTest, AnHonestEnginePasses) {
  EXPECT_TRUE(verdict([](std::span<HostTensor>) {}).empty());
}

TEST(SelfTest, OneWrongValueOfAnyOutputIsFound) {
  std::size_t outputs = 0;
  verdict([&](std::span<HostTensor> all) { outputs = all.size(); });
  ASSERT_GT(outputs, 10u);
  for (std::size_t i = 0; i < outputs; ++i) {
    const auto found = verdict([&](std::span<HostTensor> all) {
      if (all[i].dtype() == graph::DType::i32) {
        all[i].i32().back() += 1;
      } else {
        float largest = 1.0f;
        for (const float v : all[i].f32()) largest = std::max(largest, std::abs(v));
        all[i].f32().back() += 0.01f * largest;
      }
    });
    ASSERT_EQ(found.size(), 1u) << "output " << i;
    EXPECT_FALSE(found[0].part.empty());
    EXPECT_NE(found[0].detail.find("off by"), std::string::npos) << found[0].detail;
  }
}

TEST(SelfTest, AValueThatIsNoNumberIsFound) {
  const auto found = verdict([](std::span<HostTensor> all) { all[1].f32()[0] = NAN; });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(all_test_parts().contains(found[0].part));
}

}  // namespace
}  // namespace lacuna::runtime
