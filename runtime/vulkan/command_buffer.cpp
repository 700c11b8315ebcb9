#include "runtime/vulkan/command_buffer.h"

namespace lacuna::vulkan {

CommandBuffer::CommandBuffer(const Device& device) : device_(device) {
  VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.queueFamilyIndex = device.queue_family();
  check(device.vk().vkCreateCommandPool(device.handle(), &pool, nullptr, &pool_), "vkCreateCommandPool");
  VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  info.commandPool = pool_;
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  const VkResult result = device.vk().vkAllocateCommandBuffers(device.handle(), &info, &handle_);
  if (result != VK_SUCCESS) device.vk().vkDestroyCommandPool(device.handle(), pool_, nullptr);
  check(result, "vkAllocateCommandBuffers");
}

CommandBuffer::CommandBuffer(CommandBuffer&& other) noexcept
    : device_(other.device_),
      pool_(std::exchange(other.pool_, VK_NULL_HANDLE)),
      handle_(std::exchange(other.handle_, VK_NULL_HANDLE)) {}

CommandBuffer::~CommandBuffer() {
  if (pool_ != VK_NULL_HANDLE) device_.vk().vkDestroyCommandPool(device_.handle(), pool_, nullptr);
}

void CommandBuffer::begin() {
  check(device_.vk().vkResetCommandPool(device_.handle(), pool_, 0), "vkResetCommandPool");
  const VkCommandBufferBeginInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr, 0, nullptr};
  check(device_.vk().vkBeginCommandBuffer(handle_, &info), "vkBeginCommandBuffer");
}

void CommandBuffer::end() { check(device_.vk().vkEndCommandBuffer(handle_), "vkEndCommandBuffer"); }

void CommandBuffer::bind(const Pipeline& pipeline, VkDescriptorSet set, std::span<const std::uint32_t> push) {
  const VolkDeviceTable& vk = device_.vk();
  vk.vkCmdBindPipeline(handle_, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle());
  vk.vkCmdBindDescriptorSets(handle_, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.layout(), 0, 1, &set, 0, nullptr);
  if (!push.empty()) {
    vk.vkCmdPushConstants(handle_, pipeline.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0, std::uint32_t(push.size_bytes()),
                          push.data());
  }
}

void CommandBuffer::dispatch(const Groups& first, const Groups& count) {
  device_.vk().vkCmdDispatchBase(handle_, first[0], first[1], first[2], count[0], count[1], count[2]);
}

void CommandBuffer::copy(const Buffer& from, VkDeviceSize from_offset, const Buffer& to, VkDeviceSize to_offset,
                         VkDeviceSize bytes) {
  const VkBufferCopy region{from_offset, to_offset, bytes};
  device_.vk().vkCmdCopyBuffer(handle_, from.handle(), to.handle(), 1, &region);
}

void CommandBuffer::barrier() {
  constexpr VkPipelineStageFlags kStages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                          VK_ACCESS_TRANSFER_WRITE_BIT;
  device_.vk().vkCmdPipelineBarrier(handle_, kStages, kStages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void CommandBuffer::barrier_to_host() {
  VkMemoryBarrier barrier{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
  device_.vk().vkCmdPipelineBarrier(handle_, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                                    VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void CommandBuffer::reset(const TimestampPool& pool, std::uint32_t first, std::uint32_t count) {
  device_.vk().vkCmdResetQueryPool(handle_, pool.handle(), first, count);
}

void CommandBuffer::write_timestamp(const TimestampPool& pool, std::uint32_t index) {
  device_.vk().vkCmdWriteTimestamp(handle_, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool.handle(), index);
}

}  // namespace lacuna::vulkan
