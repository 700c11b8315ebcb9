#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "runtime/laboratory/gumbel.h"
#include "runtime/laboratory/planted_source.h"
#include "runtime/laboratory/report.h"

namespace lacuna::laboratory {

/// Called now and then with what is done and what there is; returns false to stop.
using Progress = std::function<bool(int done, int count)>;

struct PrecisionOptions {
  ChainOptions chain;
  int bits = 14;  // of the coarse uniforms; 24 is float32
  std::vector<int> steps{8, 16, 64, 256, 1024, 4096};
  int samples = 160;         // of a Gumbel curve at each number of steps; ours are cheap and get ten times as many
  int most_steps = 10'000;   // at which our sampler is looked at besides
  std::uint64_t seed = 1;

  /// Small enough for a minute on one slow core.
  static PrecisionOptions quick();
  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Perplexity and unigram entropy against the number of steps for ancestral sampling with coarse, fine and truncated
/// Gumbel draws and with ours, and for first-hitting with coarse and exact draws, on a planted chain with its exact
/// denoiser. The assertions are the shape that arXiv 2409.02908 reports for trained models. nullopt when stopped.
std::optional<Report> run_precision(const PrecisionOptions& options, const Progress& progress = {});

/// Ancestral sampling of one sequence in which each step draws mask or state by one Gumbel draw, as MDLM does.
/// `calls` grows by the evaluations of the denoiser that a cache would not save.
std::vector<int> gumbel_ancestral(const PlantedChain& chain, int steps, Uniforms uniforms, int bits, Words& words,
                                  int& calls);
/// First-hitting, one token a call, the token by a Gumbel draw.
std::vector<int> gumbel_first_hitting(const PlantedChain& chain, Uniforms uniforms, int bits, Words& words);

}  // namespace lacuna::laboratory
