#pragma once

#include <cstdint>

#include "fusion/training/ranks.h"
#include "fusion/training/tensors.h"
#include "vision/vq_config.h"

namespace lacuna::training {

/// Latents after the quantiser, in training.
struct Quantised {
  at::Tensor latents;     // [B, C, h, w]; the gradient passes straight through to the input
  at::Tensor loss;        // commitment and, for signs, entropy; a scalar
  at::Tensor perplexity;  // exp(entropy of the codes in this batch), a scalar
};

/// Settings of the quantiser in training.
struct QuantiserOptions {
  double commitment = 0.25;
  double codebook_decay = 0.99;
  double dead_code_share = 0.02;  // of a code's fair share of uses, below which it is restarted
  std::int64_t restart_steps = 50;
  double entropy = 0.05;  // sign only

  void describe(class OptionTable& table);
};

/// The quantiser while it learns: a codebook that follows the moving average of the latents assigned to each
/// code (van den Oord et al., 2017, appendix A.1) with restart of dead codes, or fixed signs (Yu et al.,
/// "Language model beats diffusion", 2023, equation 5).
class VqQuantiser {
 public:
  VqQuantiser(const vision::VqConfig& config, const QuantiserOptions& options, std::uint64_t seed, at::Device device);

  /// latents [B, C, h, w] float32. Gathers statistics for `update`.
  Quantised quantise(const at::Tensor& latents);
  /// Codebook step with the statistics since the last one; `step` counts from 0.
  void update(std::int64_t step, Ranks& ranks);

  /// No gradient, no statistics: latents [B, C, h, w] -> quantised latents and codes int32 [B * h * w].
  std::pair<at::Tensor, at::Tensor> look_up(const at::Tensor& latents) const;

  /// Saved in checkpoints; empty for signs.
  std::vector<NamedTensor> state();
  const at::Tensor& codebook() const { return codebook_; }

 private:
  at::Tensor codes_of(const at::Tensor& rows) const;
  Quantised quantise_nearest(const at::Tensor& latents);
  Quantised quantise_sign(const at::Tensor& latents) const;

  vision::VqConfig config_;
  QuantiserOptions options_;
  std::uint64_t seed_;
  at::Tensor codebook_;                  // [K, C]
  at::Tensor average_uses_, average_sum_;  // [K], [K, C]
  at::Tensor uses_, sum_;                // since the last update
  at::Tensor candidates_;                // latents of the last batch, rows
};

}  // namespace lacuna::training
