#include "fusion/training/vq_quantiser.h"

#include <gtest/gtest.h>

#include "fusion/training/initial_weights.h"

namespace lacuna::training {
namespace {

vision::VqConfig config_of(vision::Quantiser kind, int codes, int width, bool normalise) {
  vision::VqConfig config;
  config.quantiser = kind;
  config.codebook_size = codes;
  config.latent_channels = width;
  config.normalise_latents = normalise;
  return config;
}

/// Latents around `clusters` points, [B, C, 2, 2].
at::Tensor clustered(std::int64_t batch, std::int64_t width, std::int64_t clusters, const std::string& name) {
  const at::Tensor centres = initial_normal(5, "centres", {clusters, width}, 1.0);
  const at::Tensor which = (initial_uniform(5, name + "which", {batch * 4}, 0.5) + 0.5).mul(double(clusters)).to(at::kLong);
  const at::Tensor rows = at::index_select(centres, 0, which) + initial_normal(5, name, {batch * 4, width}, 0.02);
  return rows.view({batch, 2, 2, width}).permute({0, 3, 1, 2}).contiguous();
}

TEST(VqQuantiser, TheCodebookFindsTheClusters) {
  for (const bool normalise : {false, true}) {
    QuantiserOptions options;
    options.restart_steps = 5;
    options.codebook_decay = 0.9;
    // Many more codes than clusters, or two clusters may share one that is never dead.
    VqQuantiser quantiser(config_of(vision::Quantiser::nearest, 64, 4, normalise), options, 1, at::kCPU);
    Ranks ranks;
    const auto prepared = [&](const std::string& name) {
      const at::Tensor z = clustered(32, 4, 8, name);
      return normalise ? z * at::rsqrt(at::sum(at::square(z), {1}, true)) : z;
    };
    const auto error = [&] {
      const at::Tensor z = prepared("held out");
      return at::mse_loss(quantiser.look_up(z).first, z).item<double>();
    };
    const double before = error();
    for (std::int64_t step = 0; step < 60; ++step) {
      quantiser.quantise(prepared(std::to_string(step)));
      quantiser.update(step, ranks);
    }
    EXPECT_LT(error(), 0.002) << normalise;
    EXPECT_LT(error(), before / 10);
    if (normalise) {
      EXPECT_LT(at::max(at::abs(at::norm(quantiser.codebook(), 2, -1) - 1)).item<double>(), 1e-4);
    }
  }
}

TEST(VqQuantiser, GradientsPassStraightThrough) {
  for (const auto kind : {vision::Quantiser::nearest, vision::Quantiser::sign}) {
    QuantiserOptions options;
    options.commitment = 0;
    options.entropy = 0;
    VqQuantiser quantiser(config_of(kind, 16, 4, false), options, 1, at::kCPU);
    at::Tensor z = clustered(2, 4, 8, "z").set_requires_grad(true);
    const at::Tensor g = initial_normal(6, "g", {2, 4, 2, 2}, 1);
    const Quantised q = quantiser.quantise(z);
    at::sum(q.latents * g).backward();
    EXPECT_LT(at::max(at::abs(z.grad() - g)).item<double>(), 1e-6);
    EXPECT_LT(at::max(at::abs(q.latents.detach() - quantiser.look_up(z.detach()).first)).item<double>(), 1e-5);
  }
}

TEST(VqQuantiser, CommitmentPullsLatentsToTheirCodes) {
  QuantiserOptions options;
  options.entropy = 0;
  for (const auto kind : {vision::Quantiser::nearest, vision::Quantiser::sign}) {
    VqQuantiser quantiser(config_of(kind, 16, 4, false), options, 1, at::kCPU);
    at::Tensor z = clustered(2, 4, 8, "z").set_requires_grad(true);
    quantiser.quantise(z).loss.backward();
    const at::Tensor towards = quantiser.look_up(z.detach()).first - z.detach();
    const at::Tensor expected = -0.25 * 2 * towards / double(z.numel());
    EXPECT_LT(at::max(at::abs(z.grad() - expected)).item<double>(), 1e-6);
  }
}

TEST(VqQuantiser, SignCodesHaveTheirFirstChannelAsHighestBit) {
  VqQuantiser quantiser(config_of(vision::Quantiser::sign, 8, 3, false), {}, 1, at::kCPU);
  const at::Tensor z = to_torch(std::vector<float>{1, -1, -1}, at::kCPU).view({1, 3, 1, 1});
  const auto [latents, codes] = quantiser.look_up(z);
  EXPECT_EQ(codes.item<int>(), 4);
  EXPECT_TRUE(at::equal(latents, z));
  EXPECT_TRUE(quantiser.state().empty());
}

}  // namespace
}  // namespace lacuna::training
