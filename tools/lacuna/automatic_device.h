#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/lacuna/model_flags.h"

namespace lacuna::tools {

/// Seconds of one step of the denoiser on a device; nothing where the device cannot run the model.
struct MeasuredDevice {
  std::string device;
  std::optional<double> seconds;
};

/// The one that is taken: the fastest; the first, which is the processor, where no other is faster by a tenth, because a
/// measurement of one step is not better than that.
std::size_t fastest(std::span<const MeasuredDevice> devices);

/// Seconds of one denoising step for one picture, after one that is not counted. Throws what a run throws.
double seconds_of_a_step(OpenedModel& opened);

/// Opens the model on each device, the processor first, times a step and keeps the fastest. Models of more than a
/// billion weights are not tried: for them a GPU with room is the faster.
OpenedModel open_on_the_fastest(const std::vector<std::string>& devices, const ModelFlags& flags, const LogFlags& log,
                                samplers::Fidelity fidelity);

}  // namespace lacuna::tools
