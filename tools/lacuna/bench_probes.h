#pragma once

#include <vector>

#include "tools/bench/bench_options.h"
#include "tools/lacuna/model_flags.h"

namespace lacuna::tools {

/// What only a whole model can show: a denoising step, a picture, a caption, the way from a new
/// process to the first step, a picture from a new process, its peak memory. The model is opened
/// once for all.
std::vector<bench::Probe> model_probes(const ModelFlags& flags, const LogFlags& log);

}  // namespace lacuna::tools
