#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/generation/denoise_loop.h"
#include "tools/lacuna/exit_code.h"
#include "tools/lacuna/progress.h"

namespace lacuna::tools {

using StepView = std::function<void(const generation::StepReport&)>;

/// What runs after each step: the views, the progress line, and the end of it all when a signal
/// arrived.
generation::StepCallback watch(Progress& progress, StepView view = {});

/// Reports on stderr that a signal stopped the work; `done` says what was finished, if anything.
/// Returns the exit code, kInterrupted or kTerminated.
ExitCode stopped(const std::string& done);

}  // namespace lacuna::tools
