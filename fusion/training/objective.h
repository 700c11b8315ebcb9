#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace lacuna::training {

/// What is trained, named after the papers. L positions, x the text, n masked positions, K classes; mu is the network's
/// distribution. Every loss is in nats a token of the text, mean over the batch.
///
///   token_count (mdm-token), arXiv 2409.02908, section 3.2: n ~ U{1..L}, exactly n positions masked,
///     1/n * sum over masked l of -log mu_l(x_l). A bound on the likelihood; the same number in expectation as any-order
///     autoregression.
///   continuous_time (mdm-elbo), MDLM, arXiv 2406.07524, equation 10: t ~ U(0, 1), each position masked with the mask
///     rate m(t); m'(t) / (L m(t)) * sum over masked l of -log mu_l(x_l). The same bound in expectation.
///   maskgit, arXiv 2202.04200: u ~ U(0, 1), n = ceil(cos(pi u / 2) L) positions masked, mean cross-entropy of the
///     masked; no label smoothing here. Not a bound: weighs mask counts as often as they come.
///   mask_predict (mask-predict), arXiv 1904.09324: n ~ U{1..L}, cross-entropies of the masked with weight 1; here divided
///     by the mean count (L + 1) / 2. Not a bound.
///   any_order (any-order), arXiv 1906.08237 and 2205.13554: a random order s; mean over i of -log p(x_s(i) | x_s(<i)),
///     all L of them in one pass: the text, and behind it L queries at the same places, with the order as attention mask.
///   autoregressive (ar): mean over l of -log p(x_l | x_<l), causal attention mask, logits shifted by one.
///   multi_token (multi-token), after arXiv 2404.19737: queries as in any-order, each of which sees the text up to o
///     places before its own, o ~ U{1..predict-ahead}: tokens of the next few places are predicted at once.
///   d3pm_uniform (d3pm-uniform), arXiv 2107.03006, equation 5: t ~ U{1..T}, every token replaced by a uniform class with
///     probability m(t/T); T / L * sum over l of KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)) + lambda * cross-entropy of
///     x_0, where p mixes q(x_{t-1} | x_t, k) over k by mu_l(k).
enum class Objective : std::uint8_t {
  token_count, continuous_time, maskgit, mask_predict, any_order, autoregressive, multi_token, d3pm_uniform,
};

/// "mdm-token", "mdm-elbo", "maskgit", ...; in the order of the enumeration.
const std::vector<std::string_view>& objective_names();
/// Throws std::invalid_argument naming those there are.
Objective objective_named(std::string_view name);
std::string_view name_of(Objective objective);

/// Whether every sequence is one text with masks in it, bidirectional: what can be trained with pictures too.
constexpr bool masks_tokens(Objective objective) {
  return objective == Objective::token_count || objective == Objective::continuous_time ||
         objective == Objective::maskgit || objective == Objective::mask_predict;
}
/// Whether queries stand behind the text.
constexpr bool has_queries(Objective objective) {
  return objective == Objective::any_order || objective == Objective::multi_token;
}

/// How many of `length` positions are masked at a time in (0, 1), at least `least`, for the objectives that mask an
/// exact number; and the weight of a masked position's cross-entropy in the loss times `length`.
struct MaskCount {
  int count = 0;
  double weight = 0;
};
MaskCount mask_count(Objective objective, double time, int length, int least);

}  // namespace lacuna::training
