#pragma once

#include <array>
#include <span>

#include "runtime/vulkan/buffer.h"
#include "runtime/vulkan/pipeline.h"
#include "runtime/vulkan/timestamp_pool.h"

namespace lacuna::vulkan {

/// Workgroups along x, y and z.
using Groups = std::array<std::uint32_t, 3>;

/// A command buffer with the pool it comes from, recorded once and submitted many times.
class CommandBuffer {
 public:
  explicit CommandBuffer(const Device& device);
  ~CommandBuffer();
  CommandBuffer(CommandBuffer&& other) noexcept;
  CommandBuffer& operator=(CommandBuffer&&) = delete;

  VkCommandBuffer handle() const { return handle_; }
  /// Begins a recording; an earlier one is forgotten. Not while it is pending.
  void begin();
  void end();
  void bind(const Pipeline& pipeline, VkDescriptorSet set, std::span<const std::uint32_t> push);
  /// Workgroups [first, first + count) of the pipeline that is bound.
  void dispatch(const Groups& first, const Groups& count);
  void copy(const Buffer& from, VkDeviceSize from_offset, const Buffer& to, VkDeviceSize to_offset, VkDeviceSize bytes);
  /// All that was written before is seen by all that comes after, kernels and copies alike.
  void barrier();
  /// What was written is seen by the host once the submit has ended.
  void barrier_to_host();
  void reset(const TimestampPool& pool, std::uint32_t first, std::uint32_t count);
  void write_timestamp(const TimestampPool& pool, std::uint32_t index);

 private:
  const Device& device_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  VkCommandBuffer handle_ = VK_NULL_HANDLE;
};

}  // namespace lacuna::vulkan
