#include "runtime/vulkan/descriptor_pool.h"

#include <algorithm>

namespace lacuna::vulkan {

DescriptorPool::DescriptorPool(const Device& device, std::size_t sets, std::size_t storage, std::size_t texels)
    : device_(device) {
  std::vector<VkDescriptorPoolSize> sizes;
  if (storage > 0) sizes.push_back({VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, std::uint32_t(storage)});
  if (texels > 0) sizes.push_back({VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, std::uint32_t(texels)});
  if (sizes.empty()) sizes.push_back({VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1});
  VkDescriptorPoolCreateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  info.maxSets = std::uint32_t(std::max<std::size_t>(1, sets));
  info.poolSizeCount = std::uint32_t(sizes.size());
  info.pPoolSizes = sizes.data();
  check(device.vk().vkCreateDescriptorPool(device.handle(), &info, nullptr, &handle_), "vkCreateDescriptorPool");
}

DescriptorPool::~DescriptorPool() { device_.vk().vkDestroyDescriptorPool(device_.handle(), handle_, nullptr); }

VkDescriptorSet DescriptorPool::make(const Pipeline& pipeline, std::span<const BufferRange> ranges) {
  const VkDescriptorSetLayout layout = pipeline.set_layout();
  VkDescriptorSetAllocateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
  info.descriptorPool = handle_;
  info.descriptorSetCount = 1;
  info.pSetLayouts = &layout;
  VkDescriptorSet set = VK_NULL_HANDLE;
  check(device_.vk().vkAllocateDescriptorSets(device_.handle(), &info, &set), "vkAllocateDescriptorSets");

  std::vector<VkDescriptorBufferInfo> buffers(ranges.size());
  std::vector<VkBufferView> views(ranges.size());
  std::vector<VkWriteDescriptorSet> writes(ranges.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const BufferRange& range = ranges[i];
    VkWriteDescriptorSet& write = writes[i];
    write = {VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
    write.dstSet = set;
    write.dstBinding = std::uint32_t(i);
    write.descriptorCount = 1;
    if (pipeline.kernel().bindings[i] == BindingKind::texels) {
      views[i] = views_.emplace_back(device_, *range.buffer, range.texels, range.offset, range.bytes).handle();
      write.descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
      write.pTexelBufferView = &views[i];
    } else {
      buffers[i] = {range.buffer->handle(), range.offset, range.bytes};
      write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
      write.pBufferInfo = &buffers[i];
    }
  }
  device_.vk().vkUpdateDescriptorSets(device_.handle(), std::uint32_t(writes.size()), writes.data(), 0, nullptr);
  return set;
}

}  // namespace lacuna::vulkan
