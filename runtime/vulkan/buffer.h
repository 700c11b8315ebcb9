#pragma once

#include <utility>

#include "runtime/vulkan/memory_pool.h"

namespace lacuna::vulkan {

/// A VkBuffer with its memory, usable as storage, as texels and in copies.
class Buffer {
 public:
  /// At least 4 bytes are taken. Throws graph::DeviceError.
  Buffer(const Device& device, MemoryPool& pool, VkDeviceSize bytes, MemoryUse use);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  VkBuffer handle() const { return handle_; }
  VkDeviceSize bytes() const { return bytes_; }
  /// Null where the host sees nothing.
  std::byte* mapped() const { return memory_.mapped; }

 private:
  const Device& device_;
  MemoryPool& pool_;
  VkDeviceSize bytes_;
  VkBuffer handle_ = VK_NULL_HANDLE;
  Allocation memory_;
};

/// A VkBufferView: part of a buffer read as texels.
class TexelView {
 public:
  TexelView(const Device& device, const Buffer& buffer, VkFormat format, VkDeviceSize offset, VkDeviceSize bytes);
  ~TexelView();
  TexelView(TexelView&& other) noexcept : device_(other.device_), handle_(std::exchange(other.handle_, VK_NULL_HANDLE)) {}
  TexelView& operator=(TexelView&&) = delete;

  VkBufferView handle() const { return handle_; }

 private:
  const Device& device_;
  VkBufferView handle_ = VK_NULL_HANDLE;
};

}  // namespace lacuna::vulkan
