#include "fusion/training/vq_quantiser.h"

#include <ATen/core/grad_mode.h>

#include "fusion/training/initial_weights.h"
#include "fusion/training/option_table.h"
#include "fusion/training/random.h"
#include "vision/vq_network.h"

namespace lacuna::training {
namespace {

at::Tensor to_rows(const at::Tensor& latents) {
  return latents.permute({0, 2, 3, 1}).reshape({-1, latents.size(1)});
}

at::Tensor to_grid(const at::Tensor& rows, const at::Tensor& like) {
  return rows.view({like.size(0), like.size(2), like.size(3), like.size(1)}).permute({0, 3, 1, 2});
}

at::Tensor with_length_1(const at::Tensor& rows) {
  return rows * at::rsqrt(at::sum(at::square(rows), {-1}, true) + 1e-12);
}

at::Tensor entropy(const at::Tensor& probabilities) {
  return -at::sum(probabilities * at::log(probabilities + 1e-9), {-1});
}

}  // namespace

void QuantiserOptions::describe(OptionTable& table) {
  table.section("quantiser");
  table.add("commitment-weight", commitment, {0, 100}, "weight of the distance from latent to code");
  table.add("codebook-decay", codebook_decay, {0, 0.99999}, "decay of the moving average that the codebook follows");
  table.add("dead-code-share", dead_code_share, {0, 1}, "codes used less than this part of their fair share restart");
  table.add("code-restart-steps", restart_steps, {1, 1e9}, "steps between restarts of dead codes");
  table.add("entropy-weight", entropy, {0, 100}, "sign quantiser: weight of sure and evenly used bits");
}

VqQuantiser::VqQuantiser(const vision::VqConfig& config, const QuantiserOptions& options, std::uint64_t seed,
                         at::Device device)
    : config_(config), options_(options), seed_(seed) {
  if (config.quantiser != vision::Quantiser::nearest) return;
  const std::int64_t codes = config.codebook_size, width = config.latent_channels;
  codebook_ = initial_normal(seed, vision::kCodebookWeight, {codes, width}, 1.0).to(device);
  if (config.normalise_latents) codebook_ = with_length_1(codebook_);
  average_uses_ = at::ones({codes}, codebook_.options());
  average_sum_ = codebook_.clone();
  uses_ = at::zeros({codes}, codebook_.options());
  sum_ = at::zeros_like(codebook_);
}

std::vector<NamedTensor> VqQuantiser::state() {
  if (!codebook_.defined()) return {};
  return {{vision::kCodebookWeight, codebook_}, {"quantiser.uses", average_uses_}, {"quantiser.sum", average_sum_}};
}

at::Tensor VqQuantiser::codes_of(const at::Tensor& rows) const {
  const at::Tensor half = at::sum(at::square(codebook_), {-1}) * 0.5;
  return at::argmax(at::matmul(rows, codebook_.t()) - half, -1);
}

Quantised VqQuantiser::quantise_nearest(const at::Tensor& latents) {
  const at::Tensor rows = to_rows(latents);
  at::Tensor quantised, perplexity;
  {
    const at::NoGradGuard no_grad;
    const at::Tensor detached = rows.detach();
    const at::Tensor codes = codes_of(detached);
    const at::Tensor uses = at::zeros_like(uses_).index_add_(0, codes, at::ones({codes.size(0)}, uses_.options()));
    uses_ += uses;
    sum_.index_add_(0, codes, detached);
    candidates_ = detached;
    quantised = at::index_select(codebook_, 0, codes);
    perplexity = at::exp(entropy(uses / double(codes.size(0))));
  }
  const at::Tensor loss = options_.commitment * at::mse_loss(rows, quantised);
  return {to_grid(rows + (quantised - rows).detach(), latents), loss, perplexity};
}

Quantised VqQuantiser::quantise_sign(const at::Tensor& latents) const {
  const at::Tensor rows = to_rows(latents);
  const at::Tensor signs = (rows.detach() > 0).to(at::kFloat) * 2 - 1;
  // Bits are independent given the latent, so the entropy of a code is the sum over its bits: small for each
  // latent, large for the average of all.
  const at::Tensor one = at::sigmoid(4 * rows);
  const at::Tensor bits = at::stack({one, 1 - one}, -1);
  const at::Tensor sure = at::mean(entropy(bits)), even = at::mean(entropy(at::mean(bits, {0})));
  const at::Tensor loss = options_.commitment * at::mse_loss(rows, signs) + options_.entropy * (sure - even);
  const at::Tensor perplexity = at::exp(at::sum(entropy(at::mean((bits > 0.5).to(at::kFloat), {0}))));
  return {to_grid(rows + (signs - rows).detach(), latents), loss, perplexity.detach()};
}

Quantised VqQuantiser::quantise(const at::Tensor& latents) {
  return codebook_.defined() ? quantise_nearest(latents) : quantise_sign(latents);
}

void VqQuantiser::update(std::int64_t step, Ranks& ranks) {
  if (!codebook_.defined()) return;
  const at::NoGradGuard no_grad;
  ranks.sum(uses_);
  ranks.sum(sum_);
  const double fresh = 1 - options_.codebook_decay;
  average_uses_.lerp_(uses_, fresh);
  average_sum_.lerp_(sum_, fresh);
  at::Tensor moved = average_sum_ / average_uses_.clamp_min(1e-5).unsqueeze(1);
  if (config_.normalise_latents) moved = with_length_1(moved);
  // Codes that nothing was assigned to for long have no meaningful average; they keep their place.
  codebook_.copy_(at::where((average_uses_ > 1e-3).unsqueeze(1), moved, codebook_));
  if (step % options_.restart_steps == 0) {
    const std::int64_t codes = codebook_.size(0), rows = candidates_.size(0);
    std::vector<std::int32_t> picks;
    for (std::int64_t i = 0; i < codes; ++i) {
      picks.push_back(std::int32_t(uniform(seed_, Purpose::code_restart, std::uint64_t(step), std::uint32_t(i)) * double(rows)));
    }
    at::Tensor replacement = at::index_select(candidates_, 0, to_torch(picks, codebook_.device()));
    if (!ranks.is_first()) replacement.zero_();
    ranks.sum(replacement);
    const at::Tensor share = at::sum(average_uses_) / double(codes);
    // All codes of a new run come from latents.
    const at::Tensor dead = step == 0 ? at::ones_like(average_uses_, at::TensorOptions().dtype(at::kBool))
                                      : average_uses_ < share * options_.dead_code_share;
    codebook_.copy_(at::where(dead.unsqueeze(1), replacement, codebook_));
    average_uses_.copy_(at::where(dead, share.expand_as(average_uses_), average_uses_));
    average_sum_.copy_(at::where(dead.unsqueeze(1), replacement * share, average_sum_));
  }
  uses_.zero_();
  sum_.zero_();
}

std::pair<at::Tensor, at::Tensor> VqQuantiser::look_up(const at::Tensor& latents) const {
  const at::NoGradGuard no_grad;
  const at::Tensor rows = to_rows(latents.to(at::kFloat));
  if (codebook_.defined()) {
    const at::Tensor codes = codes_of(rows);
    return {to_grid(at::index_select(codebook_, 0, codes), latents), codes.to(at::kInt)};
  }
  const at::Tensor bits = rows > 0;
  at::Tensor codes = at::zeros({rows.size(0)}, rows.options().dtype(at::kInt));
  for (std::int64_t c = 0; c < rows.size(1); ++c) codes = codes * 2 + bits.select(1, c).to(at::kInt);
  return {to_grid(bits.to(at::kFloat) * 2 - 1, latents), codes};
}

}  // namespace lacuna::training
