#include "runtime/vulkan/pipeline.h"

#include <chrono>
#include <cstring>

#include "runtime/vulkan/shader_library.h"

namespace lacuna::vulkan {
namespace {

/// Drivers are to check this themselves; not all do.
bool belongs_to(VkPhysicalDevice device, std::span<const std::byte> cache) {
  VkPipelineCacheHeaderVersionOne header;
  if (cache.size() < sizeof header) return false;
  std::memcpy(&header, cache.data(), sizeof header);
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(device, &properties);
  return header.headerSize >= sizeof header && header.headerSize <= cache.size() &&
         header.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && header.vendorID == properties.vendorID &&
         header.deviceID == properties.deviceID &&
         std::memcmp(header.pipelineCacheUUID, properties.pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

}  // namespace

Pipeline::Pipeline(const Device& device, VkPipelineCache cache, Kernel kernel)
    : device_(device), kernel_(std::move(kernel)) {
  try {
    make(cache);
  } catch (...) {
    destroy();
    throw;
  }
}

Pipeline::~Pipeline() { destroy(); }

void Pipeline::make(VkPipelineCache cache) {
  const VolkDeviceTable& vk = device_.vk();
  const VkDevice d = device_.handle();
  std::vector<VkDescriptorSetLayoutBinding> bindings;
  for (std::size_t i = 0; i < kernel_.bindings.size(); ++i) {
    const auto type = kernel_.bindings[i] == BindingKind::storage ? VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
                                                                  : VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
    bindings.push_back({std::uint32_t(i), type, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr});
  }
  VkDescriptorSetLayoutCreateInfo set{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  set.bindingCount = std::uint32_t(bindings.size());
  set.pBindings = bindings.data();
  check(vk.vkCreateDescriptorSetLayout(d, &set, nullptr, &set_layout_), "vkCreateDescriptorSetLayout");

  const VkPushConstantRange push{VK_SHADER_STAGE_COMPUTE_BIT, 0, kernel_.push_bytes};
  VkPipelineLayoutCreateInfo layout{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &set_layout_;
  layout.pushConstantRangeCount = kernel_.push_bytes > 0 ? 1 : 0;
  layout.pPushConstantRanges = &push;
  check(vk.vkCreatePipelineLayout(d, &layout, nullptr, &layout_), "vkCreatePipelineLayout");

  const auto words = kernel_.code != nullptr ? std::span(kernel_.code, kernel_.code_words) : find_shader(kernel_.shader).words;
  VkShaderModuleCreateInfo code{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  code.codeSize = words.size_bytes();
  code.pCode = words.data();
  VkShaderModule module = VK_NULL_HANDLE;
  check(vk.vkCreateShaderModule(d, &code, nullptr, &module), "vkCreateShaderModule");

  std::vector<VkSpecializationMapEntry> entries;
  for (std::uint32_t i = 0; i < kernel_.constants.size(); ++i) entries.push_back({i, i * 4, 4});
  const VkSpecializationInfo constants{std::uint32_t(entries.size()), entries.data(), kernel_.constants.size() * 4,
                                       kernel_.constants.data()};
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo size{
      VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO};
  size.requiredSubgroupSize = kernel_.subgroup_size;
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  // Any dispatch may be cut into pieces of its workgroups to keep submits short.
  info.flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT;
  info.layout = layout_;
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = module;
  info.stage.pName = "main";
  info.stage.pSpecializationInfo = &constants;
  const DeviceLimits& limits = device_.limits();
  // Where there is only one size, nothing has to be required.
  const bool varies = limits.subgroup_min != limits.subgroup_max;
  if (kernel_.subgroup_size > 0 && varies && device_.features().subgroup_size_control) info.stage.pNext = &size;
  if (kernel_.full_subgroups) info.stage.flags |= VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  const VkResult result = vk.vkCreateComputePipelines(d, cache, 1, &info, nullptr, &handle_);
  vk.vkDestroyShaderModule(d, module, nullptr);
  check(result, ("vkCreateComputePipelines of " + kernel_.shader).c_str());
}

void Pipeline::destroy() noexcept {
  const VolkDeviceTable& vk = device_.vk();
  vk.vkDestroyPipeline(device_.handle(), handle_, nullptr);
  vk.vkDestroyPipelineLayout(device_.handle(), layout_, nullptr);
  vk.vkDestroyDescriptorSetLayout(device_.handle(), set_layout_, nullptr);
}

PipelineStore::PipelineStore(const Device& device, std::span<const std::byte> cache) : device_(device) {
  VkPipelineCacheCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO};
  if (belongs_to(device.physical(), cache)) {
    info.initialDataSize = cache.size();
    info.pInitialData = cache.data();
  }
  check(device.vk().vkCreatePipelineCache(device.handle(), &info, nullptr, &cache_), "vkCreatePipelineCache");
}

std::vector<std::byte> PipelineStore::data() const {
  std::size_t size = 0;
  check(device_.vk().vkGetPipelineCacheData(device_.handle(), cache_, &size, nullptr), "vkGetPipelineCacheData");
  std::vector<std::byte> bytes(size);
  check(device_.vk().vkGetPipelineCacheData(device_.handle(), cache_, &size, bytes.data()), "vkGetPipelineCacheData");
  bytes.resize(size);
  return bytes;
}

std::size_t PipelineStore::count() const {
  const std::scoped_lock lock(mutex_);
  return pipelines_.size();
}

double PipelineStore::seconds() const {
  const std::scoped_lock lock(mutex_);
  return seconds_;
}

PipelineStore::~PipelineStore() {
  pipelines_.clear();
  device_.vk().vkDestroyPipelineCache(device_.handle(), cache_, nullptr);
}

const Pipeline& PipelineStore::get(const Kernel& kernel) {
  const std::scoped_lock lock(mutex_);
  const auto found = pipelines_.find(kernel);
  if (found != pipelines_.end()) return *found->second;
  const auto start = std::chrono::steady_clock::now();
  auto made = std::make_unique<Pipeline>(device_, cache_, kernel);  // first: a failure leaves no empty entry
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return *pipelines_.emplace(kernel, std::move(made)).first->second;
}

}  // namespace lacuna::vulkan
