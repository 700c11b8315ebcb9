#pragma once

#include <mutex>
#include <vector>

#include "runtime/vulkan/device.h"

namespace lacuna::vulkan {

/// What memory is for, and so which type of memory is taken.
enum class MemoryUse : std::uint8_t {
  device,    // kernels alone
  upload,    // written by the host, read by copies
  download,  // written by copies, read by the host
  shared,    // written and read by both; where shares_memory() holds it is the device's own
};

/// A piece of a block of device memory.
struct Allocation {
  VkDeviceMemory memory = VK_NULL_HANDLE;
  VkDeviceSize offset = 0;
  VkDeviceSize bytes = 0;
  std::byte* mapped = nullptr;  // of this piece; null where the host sees nothing
};

/// Device memory in blocks, handed out in pieces. No block is larger than the device's limit or 1 GiB.
class MemoryPool {
 public:
  explicit MemoryPool(const Device& device) : device_(device) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// Throws graph::DeviceError (out_of_memory) with what was needed and what the heap has.
  Allocation allocate(const VkMemoryRequirements& needs, MemoryUse use);
  void free(const Allocation& allocation) noexcept;
  /// Bytes taken from the device.
  std::uint64_t taken() const;

 private:
  struct Hole {
    VkDeviceSize offset = 0;
    VkDeviceSize bytes = 0;
  };
  struct Block {
    VkDeviceMemory memory = VK_NULL_HANDLE;
    VkDeviceSize bytes = 0;
    std::uint32_t type = 0;
    std::byte* mapped = nullptr;
    std::vector<Hole> holes;  // by offset
  };
  std::uint32_t type_for(const VkMemoryRequirements& needs, MemoryUse use) const;
  Block& add_block(VkDeviceSize needed, std::uint32_t type);
  void release(Block& block) noexcept;

  const Device& device_;
  mutable std::mutex mutex_;
  std::vector<Block> blocks_;
};

}  // namespace lacuna::vulkan
