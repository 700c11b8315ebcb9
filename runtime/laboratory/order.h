#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/laboratory/precision.h"

namespace lacuna::laboratory {

struct OrderOptions {
  ChainOptions chain;
  int samples = 600;         // sequences for each sampler and setting
  std::uint64_t seed = 1;

  /// Small enough for a minute on one slow core.
  static OrderOptions quick();
  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Kullback-Leibler divergence in nats of the neighbouring pairs that occur in `sequences` from those of the chain, less
/// what it is on average for samples of the chain itself: 0 for an exact sampler; grows both for what does not fit
/// together and for what is too uniform, which perplexity alone confuses.
double pair_divergence(const PlantedChain& chain, std::span<const std::vector<int>> sequences);

/// Quality against calls of the network for every sampler of the registry on a planted chain with its exact denoiser,
/// at several numbers of steps, or settings where a sampler chooses its calls itself. nullopt when stopped.
std::optional<Report> run_order(const OrderOptions& options, const Progress& progress = {});

}  // namespace lacuna::laboratory
