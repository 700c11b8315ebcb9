#include "runtime/vulkan/buffer.h"

#include <algorithm>

namespace lacuna::vulkan {

Buffer::Buffer(const Device& device, MemoryPool& pool, VkDeviceSize bytes, MemoryUse use)
    : device_(device), pool_(pool), bytes_((std::max<VkDeviceSize>(bytes, 4) + 3) / 4 * 4) {
  VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO};
  info.size = bytes_;
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  check(device.vk().vkCreateBuffer(device.handle(), &info, nullptr, &handle_), "vkCreateBuffer");
  try {
    VkMemoryRequirements needs;
    device.vk().vkGetBufferMemoryRequirements(device.handle(), handle_, &needs);
    memory_ = pool.allocate(needs, use);
    check(device.vk().vkBindBufferMemory(device.handle(), handle_, memory_.memory, memory_.offset), "vkBindBufferMemory");
  } catch (...) {
    device.vk().vkDestroyBuffer(device.handle(), handle_, nullptr);
    if (memory_.memory != VK_NULL_HANDLE) pool.free(memory_);
    throw;
  }
}

Buffer::~Buffer() {
  device_.vk().vkDestroyBuffer(device_.handle(), handle_, nullptr);
  pool_.free(memory_);
}

TexelView::TexelView(const Device& device, const Buffer& buffer, VkFormat format, VkDeviceSize offset, VkDeviceSize bytes)
    : device_(device) {
  VkBufferViewCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO};
  info.buffer = buffer.handle();
  info.format = format;
  info.offset = offset;
  info.range = bytes;
  check(device.vk().vkCreateBufferView(device.handle(), &info, nullptr, &handle_), "vkCreateBufferView");
}

TexelView::~TexelView() {
  if (handle_ != VK_NULL_HANDLE) device_.vk().vkDestroyBufferView(device_.handle(), handle_, nullptr);
}

}  // namespace lacuna::vulkan
