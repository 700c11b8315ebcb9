#pragma once

namespace lacuna::tools {

/// From now on SIGINT and SIGTERM only set a flag, which the step callbacks look at; a second
/// signal ends the process at once.
void catch_interrupts();
/// The signal that arrived, or 0.
int interrupt_signal();

}  // namespace lacuna::tools
