#include "tools/lacuna/watch.h"

#include <csignal>
#include <utility>

#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"

namespace lacuna::tools {

generation::StepCallback watch(Progress& progress, StepView view) {
  return [&progress, view = std::move(view)](const generation::StepReport& report) {
    if (interrupt_signal()) {
      progress.finish();
      return generation::Continue::no;
    }
    if (view) {
      progress.erase();
      view(report);
    }
    progress.update(report.step, report.steps, report.masked_left);
    return generation::Continue::yes;
  };
}

ExitCode stopped(const std::string& done) {
  print_error("stopped; " + (done.empty() ? "nothing was written" : done));
  return interrupt_signal() == SIGTERM ? kTerminated : kInterrupted;
}

}  // namespace lacuna::tools
