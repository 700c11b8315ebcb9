#pragma once

#include <cstdint>

namespace lacuna::vulkan {

/// What went between the processor and a device since the executor was made, weights not counted.
struct Traffic {
  std::uint64_t runs = 0;
  std::uint64_t submits = 0;
  std::uint64_t waits = 0;       // the host waited for the device
  std::uint64_t bytes_up = 0;    // inputs
  std::uint64_t bytes_down = 0;  // outputs
  double seconds = 0.0;          // from the first submit of a run to the end of its wait
};

}  // namespace lacuna::vulkan
