#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/generation/denoiser.h"

namespace lacuna::generation {

/// LLaDA's Monte-Carlo bound on the log-likelihood of an answer (arXiv 2502.09992, appendix B.5).
struct LikelihoodOptions {
  int samples = 128;
  int batch = 16;                // noisy copies of one stratum; the samples are rounded up to whole batches
  float guidance_scale = 1.0f;   // 1 = off; LLaDA's cfg_scale + 1
  std::uint64_t seed = 0;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// One batch of noisy copies: row r has masked[r] answer positions masked, those that stand first in order[r].
struct LikelihoodBatch {
  std::vector<int> masked;
  std::vector<std::vector<int>> order;  // permutations of the answer's positions
};

/// Stratified counts from a first one in [1, length]: evenly spread around the circle 1..length, halves to even.
std::vector<int> stratified_counts(int first, int length, int batch);

/// sum over rows of (sum of -log p of the masked tokens) * length / masked, over the number of rows. Throws
/// std::invalid_argument for an empty answer or ids outside the vocabulary.
double batch_loss(Denoiser& denoiser, std::span<const std::int32_t> prompt, std::span<const std::int32_t> answer,
                  const LikelihoodBatch& batch, float guidance_scale);

/// Mean of -batch_loss over batches drawn by Philox; not divided by the length.
double log_likelihood(Denoiser& denoiser, std::span<const std::int32_t> prompt,
                      std::span<const std::int32_t> answer, const LikelihoodOptions& options);

/// Fills an answer with one token a pass, the most confident first (LLaDA's suffix_greedy_prediction). A position
/// for which the network names the mask stays masked. `passes`, where given, receives the ids before each pass;
/// `guidance_scale` is LLaDA's cfg_scale + 1.
std::vector<std::int32_t> greedy_answer(Denoiser& denoiser, std::span<const std::int32_t> prompt, int length,
                                        std::vector<std::vector<std::int32_t>>* passes = nullptr,
                                        float guidance_scale = 1.0f);

}  // namespace lacuna::generation
