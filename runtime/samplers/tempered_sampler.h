#pragma once

#include <memory>
#include <optional>

#include "runtime/samplers/mask_ratio.h"
#include "runtime/samplers/released_llada.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::samplers {

/// MMaDA's and Show-o's t2i_generate for codes: all are drawn, and the released share with the lowest
/// ln p + temperature * gumbel is masked again. Counts start from all codes of the picture, also where some were known
/// before, so that then the first steps keep one code each. Words of the scope by probability on their own schedule.
struct TemperedOptions {
  enum class Cooling : std::uint8_t {
    linear,       // temperature * (1 - r)
    compounding,  // the original: what is left, times (1 - r), step after step
    none,         // Lumina-DiMOO
  };
  double temperature = 1.0;
  Cooling cooling = Cooling::linear;
  /// Of the released code; absent = of the run's noise schedule, in the released float32 where it is one of theirs.
  std::optional<MaskRatio> ratio;
  UniformSource uniform;  // empty = Philox
};
std::unique_ptr<Sampler> make_tempered(const TemperedOptions& options);

}  // namespace lacuna::samplers
