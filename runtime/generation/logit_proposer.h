#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "runtime/generation/denoiser.h"
#include "runtime/samplers/text_blocks.h"

namespace lacuna::generation {

/// What one position's logits are made into.
using RowRule = std::function<samplers::PositionProposal(const LogitRow& row, const DenoiseRequest& request,
                                                         const DrawOptions& draw, std::uint32_t step)>;

/// Proposals made on the host from whole rows of logits, for released rules that the network's own proposals cannot
/// express. Slower: the logits of every wanted row cross from the device.
class LogitProposer final : public ProposalSource {
 public:
  /// `denoiser` must outlive the proposer.
  LogitProposer(Denoiser& denoiser, RowRule rule) : denoiser_(denoiser), rule_(std::move(rule)) {}

  const fusion::TokenSpace& tokens() const override { return denoiser_.tokens(); }
  std::vector<std::vector<samplers::PositionProposal>> propose(std::span<const DenoiseRequest> requests,
                                                               const Draws& draws, std::uint32_t step) override;

 private:
  Denoiser& denoiser_;
  RowRule rule_;
};

/// LLaDA's confidence_eos_eot_inf: EOS and EoT may be drawn, but count as the least confident, and the other classes'
/// confidence leaves them out. The original leaves EOS in at temperatures above 0 (Fidelity::original).
RowRule llada_late_ends(std::int32_t end_of_text, std::int32_t end_of_turn, samplers::Fidelity fidelity);

/// Dream's sample_tokens: confidence, margin and entropy are those of the distribution that is drawn from, at the
/// sampling temperature and after top-p and top-k, where the network's own proposals have those of its logits.
RowRule dream_row(const fusion::TokenSpace& tokens);

}  // namespace lacuna::generation
