#pragma once

#include <vector>

#include "runtime/vulkan/device.h"

namespace lacuna::vulkan {

/// Device times, written by command buffers.
class TimestampPool {
 public:
  TimestampPool(const Device& device, std::uint32_t count);
  ~TimestampPool();
  TimestampPool(const TimestampPool&) = delete;
  TimestampPool& operator=(const TimestampPool&) = delete;

  VkQueryPool handle() const { return handle_; }
  std::uint32_t count() const { return count_; }
  /// Seconds between timestamps `first` and `first + 1`; 0 where the device has no clock or a time is missing.
  double seconds(std::uint32_t first) const;

  /// Whether the device has a clock at all.
  static bool works_on(const Device& device);

 private:
  const Device& device_;
  std::uint32_t count_;
  VkQueryPool handle_ = VK_NULL_HANDLE;
};

}  // namespace lacuna::vulkan
