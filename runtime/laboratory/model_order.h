#pragma once

#include <optional>

#include "runtime/generation/pipeline.h"
#include "runtime/laboratory/precision.h"

namespace lacuna::laboratory {

struct ModelOrderOptions {
  int samples = 24;                      // pictures that are captioned, captions that are drawn
  std::string split = "val_cross";       // of the model's evaluation pack
  std::vector<int> caption_steps{6, 12, 24};
  std::vector<int> picture_steps{8, 16};
  std::vector<std::string> samplers;     // empty = the whole registry
  std::vector<fusion::Modality> drawn{fusion::Modality::text, fusion::Modality::image};
  int bound_draws = 8;                   // masks of each bound
  std::uint64_t seed = 1;

  /// Few samples and the samplers of which the chain says that they differ (or those that were asked for), each at the
  /// verb's own number of steps.
  static ModelOrderOptions quick(ModelOrderOptions options);
  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// `lab order` on a model: captions of pictures and pictures from captions, by every sampler at several numbers of calls,
/// as the verbs draw them but for the order. Quality is what the model itself thinks of the pair that came out: the bound
/// on -log P(text | picture), nats a text token, under the same masks for all; and how often the label is right. The
/// verbs' defaults are among the settings; the assertions say whether they are beaten beyond doubt. nullopt when stopped.
std::optional<Report> run_model_order(const ModelOrderOptions& options, generation::Pipeline& pipeline,
                                      const Progress& progress = {});

}  // namespace lacuna::laboratory
