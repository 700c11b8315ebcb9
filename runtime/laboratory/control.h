#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/generation/pipeline.h"
#include "runtime/laboratory/precision.h"

namespace lacuna::laboratory {

struct ControlOptions {
  ChainOptions chain;
  int samples = 400;     // sequences for each row on the chain
  int pictures = 24;     // drawn and captioned for each row on a model
  std::uint64_t seed = 1;
  /// What the model draws from, and writes about.
  std::vector<std::string> prompts{"3d emoji: apple", "3d emoji: goat", "3d emoji: sun", "3d emoji: fish"};

  /// Small enough for a minute on one slow core.
  static ControlOptions quick();
  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// What can be demanded of a masked diffusion model, and how often it is kept: on a planted chain given states anywhere,
/// banned states, and self-correction by remasking for every sampler it concerns; on a model, where there is one,
/// banned words, required words, lengths and given words in captions. nullopt when stopped.
std::optional<Report> run_control(const ControlOptions& options, generation::Pipeline* pipeline,
                                  const Progress& progress = {});

}  // namespace lacuna::laboratory
