#include "runtime/vulkan/memory_pool.h"

#include <algorithm>
#include <optional>

#include "fusion/graph/executor.h"

namespace lacuna::vulkan {
namespace {

constexpr VkDeviceSize kBlock = VkDeviceSize{32} << 20;

std::string mebibytes(VkDeviceSize bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

/// What a use must have and what it had better have.
struct Wish {
  VkMemoryPropertyFlags required;
  VkMemoryPropertyFlags preferred;
};

Wish wish_of(MemoryUse use) {
  constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  switch (use) {
    case MemoryUse::device:
      return {0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT};
    case MemoryUse::upload:
      return {kHost, 0};
    case MemoryUse::download:
      return {kHost, VK_MEMORY_PROPERTY_HOST_CACHED_BIT};
    case MemoryUse::shared:
      break;
  }
  return {kHost, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT};
}

}  // namespace

MemoryPool::~MemoryPool() {
  for (Block& block : blocks_) release(block);
}

std::uint32_t MemoryPool::type_for(const VkMemoryRequirements& needs, MemoryUse use) const {
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(device_.physical(), &memory);
  const Wish wish = wish_of(use);
  for (const VkMemoryPropertyFlags flags : {wish.required | wish.preferred, wish.required}) {
    for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
      if ((needs.memoryTypeBits >> i & 1) && (memory.memoryTypes[i].propertyFlags & flags) == flags) return i;
    }
  }
  throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                           "[vulkan] the device " + device_.info().name + " has no memory that the host can write");
}

MemoryPool::Block& MemoryPool::add_block(VkDeviceSize needed, std::uint32_t type) {
  const VkDeviceSize limit = device_.limits().allocation;
  const auto fail = [&](const std::string& has) {
    throw graph::DeviceError(graph::DeviceError::Kind::out_of_memory,
                             "[vulkan] expected " + mebibytes(needed) + " of device memory in one piece, " + has);
  };
  if (needed > limit) fail("the device " + device_.info().name + " gives at most " + mebibytes(limit));
  blocks_.reserve(blocks_.size() + 1);
  Block block;
  block.type = type;
  VkResult result = VK_ERROR_OUT_OF_DEVICE_MEMORY;
  for (const VkDeviceSize size : {std::min(std::max(needed, kBlock), limit), needed}) {
    VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO};
    info.allocationSize = block.bytes = size;
    info.memoryTypeIndex = type;
    result = device_.vk().vkAllocateMemory(device_.handle(), &info, nullptr, &block.memory);
    if (result == VK_SUCCESS) break;
  }
  if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY) {
    VkPhysicalDeviceMemoryProperties memory;
    vkGetPhysicalDeviceMemoryProperties(device_.physical(), &memory);
    VkDeviceSize taken = 0;
    for (const Block& other : blocks_) taken += other.bytes;
    const auto& heap = memory.memoryHeaps[memory.memoryTypes[type].heapIndex];
    fail("the heap of " + device_.info().name + " has " + mebibytes(heap.size) + " of which " + mebibytes(taken) +
         " are taken here (" + name_of(result) + ")");
  }
  check(result, "vkAllocateMemory");
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(device_.physical(), &memory);
  if (memory.memoryTypes[type].propertyFlags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) {
    void* mapped = nullptr;
    result = device_.vk().vkMapMemory(device_.handle(), block.memory, 0, VK_WHOLE_SIZE, 0, &mapped);
    if (result != VK_SUCCESS) {
      device_.vk().vkFreeMemory(device_.handle(), block.memory, nullptr);
      check(result, "vkMapMemory");
    }
    block.mapped = static_cast<std::byte*>(mapped);
  }
  block.holes.push_back({0, block.bytes});
  return blocks_.emplace_back(std::move(block));
}

void MemoryPool::release(Block& block) noexcept {
  device_.vk().vkFreeMemory(device_.handle(), block.memory, nullptr);
}

Allocation MemoryPool::allocate(const VkMemoryRequirements& needs, MemoryUse use) {
  const std::scoped_lock lock(mutex_);
  const std::uint32_t type = type_for(needs, use);
  const bool hidden = use == MemoryUse::device && device_.always_stages();
  const auto take = [&](Block& block) -> std::optional<Allocation> {
    for (std::size_t i = 0; i < block.holes.size(); ++i) {
      const Hole hole = block.holes[i];
      const VkDeviceSize begin = (hole.offset + needs.alignment - 1) / needs.alignment * needs.alignment;
      const VkDeviceSize end = begin + needs.size, hole_end = hole.offset + hole.bytes;
      if (end > hole_end) continue;
      std::vector<Hole> left;
      if (begin > hole.offset) left.push_back({hole.offset, begin - hole.offset});
      if (end < hole_end) left.push_back({end, hole_end - end});
      block.holes.erase(block.holes.begin() + std::ptrdiff_t(i));
      block.holes.insert(block.holes.begin() + std::ptrdiff_t(i), left.begin(), left.end());
      return Allocation{block.memory, begin, needs.size, block.mapped && !hidden ? block.mapped + begin : nullptr};
    }
    return std::nullopt;
  };
  for (Block& block : blocks_) {
    if (block.type != type) continue;
    if (auto found = take(block)) return *found;
  }
  return *take(add_block(needs.size, type));
}

void MemoryPool::free(const Allocation& allocation) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto block = std::ranges::find(blocks_, allocation.memory, &Block::memory);
  if (block == blocks_.end()) return;
  auto& holes = block->holes;
  auto at = std::ranges::lower_bound(holes, allocation.offset, {}, &Hole::offset);
  at = holes.insert(at, {allocation.offset, allocation.bytes});
  if (const auto next = at + 1; next != holes.end() && at->offset + at->bytes == next->offset) {
    at->bytes += next->bytes;
    holes.erase(next);
  }
  if (at != holes.begin()) {
    const auto before = at - 1;
    if (before->offset + before->bytes == at->offset) {
      before->bytes += at->bytes;
      holes.erase(at);
    }
  }
  if (holes.size() == 1 && holes.front().bytes == block->bytes) {
    release(*block);
    blocks_.erase(block);
  }
}

std::uint64_t MemoryPool::taken() const {
  const std::scoped_lock lock(mutex_);
  std::uint64_t sum = 0;
  for (const Block& block : blocks_) sum += block.bytes;
  return sum;
}

}  // namespace lacuna::vulkan
