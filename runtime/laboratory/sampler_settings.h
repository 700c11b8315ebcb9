#pragma once

#include <string>
#include <vector>

#include "fusion/token_space.h"
#include "runtime/generation/job_options.h"

namespace lacuna::laboratory {

/// A job with one sampler at one number of calls (or, where the sampler chooses its calls itself, at one value of the
/// option that decides about them).
struct SamplerSetting {
  fusion::Modality drawn = fusion::Modality::text;
  generation::JobOptions job;
  bool is_default = false;  // as the verb has it
  std::string option;       // "threshold=0.5"; empty where steps say it all

  /// "halton, 16 steps" and the like, short enough for a plot.
  std::string name() const;
};

struct SettingChoice {
  std::vector<std::string> samplers;  // empty = the whole registry
  std::vector<int> caption_steps;
  std::vector<int> picture_steps;
  int image_length = 256;             // codes of a picture
};

/// The verb's default first, then every sampler of the registry with everything but the order as the verb has it, and with
/// what the sampler itself needs: noise where it has noise, blocks that the steps suffice for, thresholds that give about
/// as many calls. Throws std::invalid_argument for a name that the registry does not have.
std::vector<SamplerSetting> settings_of(fusion::Modality drawn, const SettingChoice& choice);

}  // namespace lacuna::laboratory
