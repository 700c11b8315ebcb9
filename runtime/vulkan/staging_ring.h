#pragma once

#include <memory>

#include "runtime/vulkan/queue.h"

namespace lacuna::vulkan {

/// Brings bytes of the host into device buffers through a few small buffers that take turns, so that the host fills
/// one while the device empties another.
class StagingRing {
 public:
  StagingRing(const Device& device, MemoryPool& pool, Queue& queue, std::chrono::milliseconds patience);
  ~StagingRing();

  /// Copies to `to` at `offset` (a multiple of 4); done when flush() has returned. Buffers that the host can write
  /// are written at once.
  void write(const Buffer& to, VkDeviceSize offset, std::span<const std::byte> bytes);
  void flush();

 private:
  struct Slot;
  const Device& device_;
  MemoryPool& pool_;
  Queue& queue_;
  std::chrono::milliseconds patience_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::size_t next_ = 0;
};

}  // namespace lacuna::vulkan
