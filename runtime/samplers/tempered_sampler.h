#pragma once

#include <memory>
#include <optional>

#include "runtime/samplers/mask_ratio.h"
#include "runtime/samplers/released_llada.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::samplers {

/// MMaDA's and Show-o's t2i_generate for codes, and Lumina-DiMOO's: all are drawn, and the released share with the
/// lowest ln p + temperature * gumbel is masked again. Words of the scope by probability on their own schedule.
struct TemperedOptions {
  enum class Cooling : std::uint8_t {
    linear,       // temperature * (1 - r)
    compounding,  // the original: what is left, times (1 - r), step after step
    none,         // Lumina-DiMOO
  };
  /// What the schedule's share is a share of. Of all codes of the picture, also where some were known before, the first
  /// steps then keep one code each (MMaDA, Show-o).
  enum class Counted : std::uint8_t {
    all,
    masked,  // at the start (Lumina-DiMOO)
  };
  double temperature = 1.0;
  Cooling cooling = Cooling::linear;
  Counted counted = Counted::all;
  /// Of the released code; absent = of the run's noise schedule, in the released float32 where it is one of theirs.
  std::optional<MaskRatio> ratio;
  UniformSource uniform;  // empty = Philox
};
std::unique_ptr<Sampler> make_tempered(const TemperedOptions& options);

}  // namespace lacuna::samplers
