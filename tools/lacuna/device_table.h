#pragma once

#include <string>
#include <vector>

#include "tools/bench/timing.h"
#include "tools/lacuna/model_flags.h"

namespace lacuna::tools {

/// How `lacuna bench` measures devices.
struct DeviceTableOptions {
  std::string device = "all";  // or the name of one
  int repeats = 3;
  bench::Clock clock = bench::Clock::wall;  // of rates
  std::vector<std::string> suites;          // gemm, attention, convolution, draw; empty = all
  bool with_model = true;
  bool json = false;
  bool with_rates = true;
};

/// Measures one device, or the processor and every Vulkan device, software too, side by side: rates, checked against the
/// reference engine first, their share of what the device does in registers and how they compare with the textbook tile; a
/// denoising step and what of it is the host's, a picture, what goes over the bus, the kernels that were compiled. False
/// where something failed or was wrong, which becomes a note. Throws Failure and what opening the model throws.
bool print_device_table(const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log);

}  // namespace lacuna::tools
