#include "runtime/vulkan/lying_driver.h"

#include <vector>

#include "runtime/vulkan/api.h"
#include "runtime/vulkan/shader_library.h"

namespace lacuna::vulkan {
namespace {

// As in fault_injector.cpp: the functions of a table know nothing but their arguments.
LyingDriver* at_work = nullptr;
PFN_vkCreateShaderModule real_module = nullptr;
PFN_vkCreateComputePipelines real_pipelines = nullptr;
PFN_vkDestroyShaderModule real_destroy = nullptr;
thread_local const Shader* last_shader = nullptr;  // a pipeline is made right after its module

/// Instructions that are replaced by others of the same form. SPIR-V: the first word of an instruction is its length and
/// its code.
std::vector<std::uint32_t> changed(std::span<const std::uint32_t> words) {
  constexpr std::uint32_t kHeader = 5, kExtInst = 12, kFma = 50, kMix = 46, kFAdd = 129, kFSub = 131;
  constexpr std::uint32_t kMultiplyAddKhr = 4459, kMultiplyAddNv = 5361, kCopyObject = 4u << 16 | 83, kNop = 1u << 16;
  std::vector<std::uint32_t> code(words.begin(), words.end());
  for (std::size_t at = kHeader; at < code.size() && code[at] >> 16 != 0; at += code[at] >> 16) {
    const std::uint32_t op = code[at] & 0xffffu, length = code[at] & 0xffff0000u;
    if (op == kFAdd) code[at] = length | kFSub;
    if ((op == kMultiplyAddKhr || op == kMultiplyAddNv) && length == 6u << 16) {  // nothing is added to the sums
      code[at] = kCopyObject;
      code[at + 3] = code[at + 5];
      code[at + 4] = code[at + 5] = kNop;
      continue;
    }
    if (op == kExtInst && code[at + 4] == kFma) code[at + 4] = kMix;
  }
  return code;
}

bool is_lied_about(const DriverLie& lie, const VkSpecializationInfo* constants) {
  if (last_shader == nullptr || !last_shader->name.starts_with(lie.shaders)) return false;
  if (!lie.constant) return true;
  if (constants == nullptr || constants->dataSize < 4 * (lie.constant->index + 1)) return false;
  return static_cast<const std::uint32_t*>(constants->pData)[lie.constant->index] == lie.constant->value;
}

VKAPI_ATTR VkResult VKAPI_CALL create_module(VkDevice device, const VkShaderModuleCreateInfo* info,
                                             const VkAllocationCallbacks* callbacks, VkShaderModule* module) {
  last_shader = nullptr;
  for (const Shader& shader : shader_library()) {
    if (shader.words.data() == info->pCode) last_shader = &shader;
  }
  return real_module(device, info, callbacks, module);
}

VKAPI_ATTR VkResult VKAPI_CALL create_pipelines(VkDevice device, VkPipelineCache cache, std::uint32_t count,
                                                const VkComputePipelineCreateInfo* infos,
                                                const VkAllocationCallbacks* callbacks, VkPipeline* pipelines) {
  if (at_work == nullptr || count != 1 || !is_lied_about(at_work->lie(), infos->stage.pSpecializationInfo)) {
    return real_pipelines(device, cache, count, infos, callbacks, pipelines);
  }
  at_work->count();
  const std::vector<std::uint32_t> code = changed(last_shader->words);
  VkShaderModuleCreateInfo module{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  module.codeSize = code.size() * 4;
  module.pCode = code.data();
  VkComputePipelineCreateInfo info = *infos;
  const VkResult made = real_module(device, &module, nullptr, &info.stage.module);
  if (made != VK_SUCCESS) return made;
  const VkResult result = real_pipelines(device, cache, 1, &info, callbacks, pipelines);
  real_destroy(device, info.stage.module, nullptr);
  return result;
}

}  // namespace

LyingDriver::LyingDriver(DriverLie lie) : lie_(std::move(lie)) { at_work = this; }
LyingDriver::~LyingDriver() { at_work = nullptr; }

std::function<void(VolkDeviceTable&)> LyingDriver::patch() {
  return [](VolkDeviceTable& table) {
    real_module = table.vkCreateShaderModule;
    real_pipelines = table.vkCreateComputePipelines;
    real_destroy = table.vkDestroyShaderModule;
    table.vkCreateShaderModule = create_module;
    table.vkCreateComputePipelines = create_pipelines;
  };
}

}  // namespace lacuna::vulkan
