#pragma once

#include <span>

#include "runtime/vulkan/buffer.h"
#include "runtime/vulkan/pipeline.h"

namespace lacuna::vulkan {

/// What a shader's binding is set to.
struct BufferRange {
  const Buffer* buffer = nullptr;
  VkDeviceSize offset = 0;
  VkDeviceSize bytes = 0;
  VkFormat texels = VK_FORMAT_UNDEFINED;  // of a texel binding
};

/// Descriptor sets for one plan, with the texel views in them.
class DescriptorPool {
 public:
  /// Room for `sets` sets with so many bindings of both kinds in all.
  DescriptorPool(const Device& device, std::size_t sets, std::size_t storage, std::size_t texels);
  ~DescriptorPool();
  DescriptorPool(const DescriptorPool&) = delete;
  DescriptorPool& operator=(const DescriptorPool&) = delete;

  /// A set for `pipeline` with its bindings in order.
  VkDescriptorSet make(const Pipeline& pipeline, std::span<const BufferRange> ranges);

 private:
  const Device& device_;
  VkDescriptorPool handle_ = VK_NULL_HANDLE;
  std::vector<TexelView> views_;
};

}  // namespace lacuna::vulkan
