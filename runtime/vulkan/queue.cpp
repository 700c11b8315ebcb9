#include "runtime/vulkan/queue.h"

namespace lacuna::vulkan {

Fence::Fence(const Device& device) : device_(device) {
  const VkFenceCreateInfo info{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO, nullptr, 0};
  check(device.vk().vkCreateFence(device.handle(), &info, nullptr, &handle_), "vkCreateFence");
}

Fence::~Fence() { device_.vk().vkDestroyFence(device_.handle(), handle_, nullptr); }

void Fence::reset() { check(device_.vk().vkResetFences(device_.handle(), 1, &handle_), "vkResetFences"); }

void Fence::wait(std::chrono::milliseconds patience) {
  const auto nanoseconds = std::uint64_t(std::chrono::nanoseconds(patience).count());
  const VkResult result = device_.vk().vkWaitForFences(device_.handle(), 1, &handle_, VK_TRUE, nanoseconds);
  if (result == VK_TIMEOUT) device_.give_up();
  check(result, "vkWaitForFences");
}

void Queue::submit(std::span<const VkCommandBuffer> commands, Fence& fence) {
  const std::scoped_lock lock(mutex_);
  fence.reset();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO};
    info.commandBufferCount = 1;
    info.pCommandBuffers = &commands[i];
    const VkFence last = i + 1 == commands.size() ? fence.handle() : VK_NULL_HANDLE;
    check(device_.vk().vkQueueSubmit(device_.queue(), 1, &info, last), "vkQueueSubmit");
  }
  if (commands.empty()) check(device_.vk().vkQueueSubmit(device_.queue(), 0, nullptr, fence.handle()), "vkQueueSubmit");
}

}  // namespace lacuna::vulkan
