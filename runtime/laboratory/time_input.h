#pragma once

#include <optional>

#include "runtime/laboratory/precision.h"
#include "runtime/laboratory/text_training.h"

namespace lacuna::laboratory {

struct TimeOptions {
  TextTrainingOptions training;
  int seeds = 2;  // pairs of runs

  /// Small enough for a minute on a machine that is not busy.
  static TimeOptions quick();
  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// The same denoiser with and without a time input, trained on the same text, batches and masks (mdm-elbo): the
/// difference of their losses on held-out windows, paired by window, with its interval; and for both networks the two
/// forms of the bound, which agree in expectation (arXiv 2409.02908, section 3). nullopt when stopped.
std::optional<Report> run_time(const TimeOptions& options, const Trainer& trainer, const Progress& progress = {});

}  // namespace lacuna::laboratory
