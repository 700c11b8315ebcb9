#include "fusion/training/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "fusion/training/initial_weights.h"

namespace lacuna::training {
namespace {

std::vector<NamedTensor> some_weights() {
  return {{"norm.weight", initial_normal(1, "n", {5}, 1.0)},
          {"layer.weight", initial_normal(1, "w", {3, 5}, 1.0)},
          {"embed.weight", initial_normal(1, "e", {4, 3}, 1.0)},
          {"kernel.weight", initial_normal(1, "k", {2, 3, 1, 1}, 1.0)}};
}

TEST(FlatParameters, AreViewsWithGradientsAndDecayOnlyMatrices) {
  FlatParameters p(some_weights(), at::kCPU);
  EXPECT_EQ(p.size(), 5 + 15 + 12 + 6);
  EXPECT_EQ(p.decayed(), 15 + 6);
  for (const auto& [name, weight] : p.weights()) {
    for (const auto& initial : some_weights()) {
      if (initial.name == name) {
        EXPECT_TRUE(at::equal(weight.detach(), initial.tensor)) << name;
      }
    }
  }
  at::Tensor loss = at::zeros({}, at::TensorOptions().dtype(at::kFloat));
  for (const auto& [name, weight] : p.weights()) loss = loss + at::sum(weight * weight);
  loss.backward();
  EXPECT_TRUE(at::allclose(p.gradients(), 2 * p.values()));
  loss = at::sum(p.weights().at("layer.weight"));
  loss.backward();  // adds
  EXPECT_TRUE(at::allclose(p.views_of(p.gradients()).at("layer.weight"),
                           2 * p.weights().at("layer.weight").detach() + 1));
}

TEST(Optimizer, IsAdamWWithClippingAndAnAverage) {
  TrainOptions o;
  o.max_grad_norm = 0.7;
  o.adam_weight_decay = 0.1;
  o.ema_decay = 0.9;
  FlatParameters p(some_weights(), at::kCPU);
  Optimizer optimizer(p, o);
  const auto n = std::size_t(p.size());
  const auto start = p.values().clone();
  std::vector<double> w(start.data_ptr<float>(), start.data_ptr<float>() + n), m(n), v(n), ema = w;
  for (int step = 0; step < 12; ++step) {
    const double rate = 0.01 * (step + 1);
    const at::Tensor g = initial_normal(2, "g" + std::to_string(step), {std::int64_t(n)}, step == 3 ? 0.01 : 1.0);
    double norm = 0;
    for (std::size_t i = 0; i < n; ++i) norm += std::pow(double(g.data_ptr<float>()[i]), 2);
    norm = std::sqrt(norm);
    p.gradients().copy_(g);
    EXPECT_NEAR(optimizer.step(step, rate).item<double>(), norm, 1e-5 * norm);
    const double clip = std::min(1.0, 0.7 / (norm + 1e-6));
    const double decay = std::min(0.9, (step + 1.0) / (step + 10.0));
    for (std::size_t i = 0; i < n; ++i) {
      const double gi = clip * double(g.data_ptr<float>()[i]);
      m[i] = o.adam_beta1 * m[i] + (1 - o.adam_beta1) * gi;
      v[i] = o.adam_beta2 * v[i] + (1 - o.adam_beta2) * gi * gi;
      if (std::int64_t(i) < p.decayed()) w[i] *= 1 - rate * 0.1;
      w[i] -= rate * (m[i] / (1 - std::pow(o.adam_beta1, step + 1))) /
              (std::sqrt(v[i] / (1 - std::pow(o.adam_beta2, step + 1))) + o.adam_epsilon);
      ema[i] += (1 - decay) * (w[i] - ema[i]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(p.values()[std::int64_t(i)].item<double>(), w[i], 2e-5) << step << " " << i;
      ASSERT_NEAR(optimizer.averaged()[std::int64_t(i)].item<double>(), ema[i], 2e-5);
    }
    EXPECT_EQ(at::sum(at::abs(p.gradients())).item<double>(), 0);
  }
}

TEST(InitialWeights, DependOnSeedAndNameAndHaveTheirSpread) {
  const at::Tensor a = initial_normal(1, "a", {257, 33}, 0.5);
  EXPECT_TRUE(at::equal(a, initial_normal(1, "a", {257, 33}, 0.5)));
  EXPECT_FALSE(at::equal(a, initial_normal(2, "a", {257, 33}, 0.5)));
  EXPECT_FALSE(at::equal(a, initial_normal(1, "b", {257, 33}, 0.5)));
  EXPECT_NEAR(at::std(a).item<double>(), 0.5, 0.02);
  EXPECT_NEAR(at::mean(a).item<double>(), 0.0, 0.03);
  const at::Tensor u = initial_uniform(1, "a", {5000}, 0.3);
  EXPECT_LE(at::max(at::abs(u)).item<double>(), 0.3);
  EXPECT_NEAR(at::std(u).item<double>(), 0.3 / std::sqrt(3.0), 0.01);
}

}  // namespace
}  // namespace lacuna::training
