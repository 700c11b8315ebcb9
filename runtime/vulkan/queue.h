#pragma once

#include <chrono>
#include <mutex>
#include <span>

#include "runtime/vulkan/command_buffer.h"

namespace lacuna::vulkan {

/// Tells the host that submits have ended.
class Fence {
 public:
  explicit Fence(const Device& device);
  ~Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  VkFence handle() const { return handle_; }
  void reset();
  /// Throws graph::DeviceError (lost) after `patience`; the device is given up then.
  void wait(std::chrono::milliseconds patience);

 private:
  const Device& device_;
  VkFence handle_ = VK_NULL_HANDLE;
};

/// The device's queue; may be used from several threads.
class Queue {
 public:
  explicit Queue(const Device& device) : device_(device) {}

  /// One vkQueueSubmit for each command buffer, in order, so that none is long; `fence` is signalled after the last.
  /// With no command buffers only the fence is submitted.
  void submit(std::span<const VkCommandBuffer> commands, Fence& fence);

 private:
  const Device& device_;
  std::mutex mutex_;
};

}  // namespace lacuna::vulkan
