#include "runtime/vulkan/staging_ring.h"

#include <algorithm>
#include <cstring>

namespace lacuna::vulkan {
namespace {

constexpr std::size_t kSlots = 3;
constexpr std::size_t kSlotBytes = std::size_t{8} << 20;

}  // namespace

struct StagingRing::Slot {
  Buffer buffer;
  CommandBuffer commands;
  Fence fence;
  bool pending = false;

  Slot(const Device& device, MemoryPool& pool)
      : buffer(device, pool, kSlotBytes, MemoryUse::upload), commands(device), fence(device) {}
};

StagingRing::StagingRing(const Device& device, MemoryPool& pool, Queue& queue, std::chrono::milliseconds patience)
    : device_(device), pool_(pool), queue_(queue), patience_(patience) {}

StagingRing::~StagingRing() {
  // After an error copies may still be under way.
  const bool busy = std::ranges::any_of(slots_, [](const auto& slot) { return slot->pending; });
  if (busy) device_.vk().vkDeviceWaitIdle(device_.handle());
}

void StagingRing::write(const Buffer& to, VkDeviceSize offset, std::span<const std::byte> bytes) {
  if (to.mapped() != nullptr) {
    if (!bytes.empty()) std::memcpy(to.mapped() + offset, bytes.data(), bytes.size());
    return;
  }
  while (!bytes.empty()) {
    if (slots_.size() < kSlots && next_ == slots_.size()) slots_.push_back(std::make_unique<Slot>(device_, pool_));
    Slot& slot = *slots_[next_];
    if (slot.pending) slot.fence.wait(patience_);
    slot.pending = false;
    const std::size_t piece = std::min(bytes.size(), kSlotBytes);
    std::memcpy(slot.buffer.mapped(), bytes.data(), piece);
    slot.commands.begin();
    slot.commands.barrier();
    slot.commands.copy(slot.buffer, 0, to, offset, (piece + 3) / 4 * 4);
    slot.commands.end();
    const VkCommandBuffer commands[] = {slot.commands.handle()};
    queue_.submit(commands, slot.fence);
    slot.pending = true;
    bytes = bytes.subspan(piece);
    offset += piece;
    next_ = (next_ + 1) % kSlots;
  }
}

void StagingRing::flush() {
  for (const auto& slot : slots_) {
    if (slot->pending) slot->fence.wait(patience_);
    slot->pending = false;
  }
}

}  // namespace lacuna::vulkan
