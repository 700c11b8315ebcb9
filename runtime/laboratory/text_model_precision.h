#pragma once

#include <filesystem>
#include <optional>

#include "fusion/graph/executor.h"
#include "runtime/laboratory/precision.h"

namespace lacuna::laboratory {

struct TextPrecisionOptions {
  std::filesystem::path model;  // folder of a masked diffusion model of text alone
  std::filesystem::path judge;  // folder of an autoregressive model of the same text
  int bits = 14;
  std::vector<int> steps{8, 32, 128, 512, 2048};
  int samples = 32;
  std::uint64_t seed = 1;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// `lab precision` on trained models: texts by ancestral sampling with coarse, fine and truncated Gumbel draws and with
/// ours, against the number of steps; Gen-PPL under the judge and unigram entropy inside a text. The assertions are the
/// shape of arXiv 2409.02908, table 2. nullopt when stopped. Throws as opening models does, std::invalid_argument where
/// the two models do not have the same text ids.
std::optional<Report> run_text_precision(const TextPrecisionOptions& options, graph::Executor& executor,
                                         const Progress& progress = {});

}  // namespace lacuna::laboratory
