#pragma once

#include <memory>
#include <optional>

#include "tools/bench/timing.h"

namespace lacuna::bench {

/// What the products of a device are compared with, measured in the same process.
class Yardsticks {
 public:
  virtual ~Yardsticks() = default;
  /// 10^9 operations a second of f32 multiply-adds in registers and nothing else: the best of a few runs, and of those of
  /// earlier calls; nothing where it is not known how to measure it.
  virtual std::optional<double> ceiling() = 0;
  /// The textbook tile with shared memory and barriers, f32, rows x columns x depth, multiples of 64: 10^9 operations a
  /// second at the best of two runs; nothing for a processor. Throws std::runtime_error where its result is wrong.
  virtual std::optional<double> classic_tile(std::int64_t rows, std::int64_t columns, std::int64_t depth) = 0;
};

/// Of all threads together; with Clock::processor of one.
std::unique_ptr<Yardsticks> processor_yardsticks(int threads, Clock clock);
/// On the device `index` of the Vulkan engine, opened anew. Throws graph::DeviceError, also in a build without the engine.
std::unique_ptr<Yardsticks> vulkan_yardsticks(int index, Clock clock);

}  // namespace lacuna::bench
