#include "tools/lacuna/interrupt.h"

#include <csignal>

namespace lacuna::tools {
namespace {

volatile std::sig_atomic_t caught = 0;

void remember(int signal) {
  caught = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

int interrupt_signal() { return caught; }

}  // namespace lacuna::tools
