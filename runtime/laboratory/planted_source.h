#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/generation/denoise_loop.h"
#include "runtime/laboratory/planted_chain.h"
#include "runtime/samplers/sampler_options.h"

namespace lacuna::laboratory {

/// The exact denoiser of a planted chain behind the interface of a network, so that every sampler runs in the loop of
/// all jobs. The chain lies row by row on a grid of codes, which the orders for pictures need.
class PlantedSource final : public generation::ProposalSource {
 public:
  /// `chain` must outlive it. Throws std::invalid_argument unless grid_width divides the chain's length.
  PlantedSource(const PlantedChain& chain, int grid_width);

  const fusion::TokenSpace& tokens() const override { return space_; }
  std::vector<std::vector<samplers::PositionProposal>> propose(std::span<const generation::DenoiseRequest> requests,
                                                               const generation::Draws& draws,
                                                               std::uint32_t step) override;

  /// Nothing known; or what `given` (a state, -1 = masked) says.
  fusion::Canvas canvas() const;
  fusion::Canvas canvas(std::span<const int> given) const;
  /// The states of a canvas, -1 where masked.
  std::vector<int> states_of(const fusion::Canvas& canvas) const;

  /// Calls that had at least one request, and requests.
  std::int64_t passes() const { return passes_; }
  std::int64_t requests() const { return requests_; }

 private:
  const PlantedChain& chain_;
  int grid_width_;
  fusion::TokenSpace space_;
  std::int64_t passes_ = 0, requests_ = 0;
};

/// What one way of sampling does on a planted chain, over `count` sequences.
struct ChainRun {
  double perplexity = 0.0;        // exp of the mean negative log-likelihood a token under the chain
  double perplexity_error = 0.0;  // standard error
  double entropy = 0.0;           // mean unigram entropy inside a sequence, nats
  double entropy_error = 0.0;
  double calls = 0.0;             // mean calls of the network a sequence
  int count = 0;
};

/// Summarises sequences; `calls` their calls.
ChainRun summarise(const PlantedChain& chain, std::span<const std::vector<int>> sequences, std::span<const int> calls);

/// Samples `count` sequences through the loop, each with a seed of its own; runs with different `seed` share none. All
/// steps with the linear schedule.
ChainRun sample_chain(PlantedSource& source, const PlantedChain& chain, const std::string& sampler,
                      const samplers::SamplerOptions& options, int steps, int count, std::uint64_t seed);

/// The sequences themselves, and their calls.
std::vector<std::vector<int>> sample_sequences(PlantedSource& source, const samplers::Sampler& sampler, int steps,
                                               int count, std::uint64_t seed, std::vector<int>& calls);

}  // namespace lacuna::laboratory
