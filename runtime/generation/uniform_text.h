#pragma once

#include <cstdint>
#include <span>

#include "runtime/generation/denoise_loop.h"

namespace lacuna::generation {

/// What `denoise` is for networks that undo uniform noise (ModelFamily::noise): the masked words of each canvas begin as
/// random ones, all of which are drawn anew in each of the steps (uniform_noise.h); what is given stays. The temperature is
/// that of the clean token, 0 = the most probable; networks of scores have none. Throws std::invalid_argument for options
/// that mean nothing here: guidance, top-k, top-p, bans; and for masked picture codes.
LoopResult undo_noise(Denoiser& denoiser, std::span<fusion::Canvas> canvases, std::span<const std::uint64_t> seeds,
                      const LoopOptions& options, const StepCallback& after_step = {});

}  // namespace lacuna::generation
