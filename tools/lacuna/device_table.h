#pragma once

#include "tools/lacuna/model_flags.h"

namespace lacuna::tools {

/// How `lacuna bench --device all` measures.
struct DeviceTableOptions {
  int repeats = 3;
  bool with_model = true;
  bool json = false;
};

/// Measures the processor and every Vulkan device, software too, and prints them side by side: rates, the share of what
/// the device does in registers, a denoising step, a picture, what goes over the bus. Throws Failure and what opening
/// the model throws; a device that fails becomes a note.
void print_device_table(const DeviceTableOptions& options, const ModelFlags& flags, const LogFlags& log);

}  // namespace lacuna::tools
