#pragma once

#include <optional>

#include "runtime/laboratory/precision.h"
#include "runtime/laboratory/text_training.h"

namespace lacuna::laboratory {

struct RelativesOptions {
  TextTrainingOptions training;

  /// Small enough for a minute on a machine that is not busy.
  static RelativesOptions quick();
  void validate() const { training.validate(); }
};

/// One graph, one text, the same number of steps, trained under every objective: autoregressive, several tokens ahead,
/// any order, masked diffusion, MaskGIT's weights, masked diffusion adapted from a half-trained autoregressive model, and
/// the uniform process. Compared by bits a token of held-out text and by tokens written a second, with Gen-PPL under the
/// autoregressive model and unigram entropy side by side. nullopt when stopped.
std::optional<Report> run_relatives(const RelativesOptions& options, const Trainer& trainer, const Progress& progress = {});

}  // namespace lacuna::laboratory
