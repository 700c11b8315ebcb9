#include "runtime/vulkan/lying_driver.h"

#include <vector>

#include "runtime/vulkan/api.h"
#include "runtime/vulkan/shader_library.h"

namespace lacuna::vulkan {
namespace {

// As in fault_injector.cpp: the functions of a table know nothing but their arguments.
LyingDriver* at_work = nullptr;
PFN_vkCreateShaderModule real_create = nullptr;

/// Instructions that are replaced by others of the same form. SPIR-V: the first word of an instruction is its length and
/// its code.
std::vector<std::uint32_t> changed(std::span<const std::uint32_t> words) {
  constexpr std::uint32_t kHeader = 5, kExtInst = 12, kFma = 50, kMix = 46, kFAdd = 129, kFSub = 131;
  std::vector<std::uint32_t> code(words.begin(), words.end());
  for (std::size_t at = kHeader; at < code.size() && code[at] >> 16 != 0; at += code[at] >> 16) {
    const std::uint32_t op = code[at] & 0xffffu, length = code[at] & 0xffff0000u;
    if (op == kFAdd) code[at] = length | kFSub;
    if (op == kExtInst && code[at + 4] == kFma) code[at + 4] = kMix;
  }
  return code;
}

VKAPI_ATTR VkResult VKAPI_CALL create(VkDevice device, const VkShaderModuleCreateInfo* info,
                                      const VkAllocationCallbacks* callbacks, VkShaderModule* module) {
  if (at_work != nullptr) {
    for (const Shader& shader : shader_library()) {
      if (shader.words.data() != info->pCode || !shader.name.starts_with(at_work->prefix())) continue;
      at_work->count();
      const std::vector<std::uint32_t> code = changed(shader.words);
      VkShaderModuleCreateInfo lie = *info;
      lie.pCode = code.data();
      return real_create(device, &lie, callbacks, module);
    }
  }
  return real_create(device, info, callbacks, module);
}

}  // namespace

LyingDriver::LyingDriver(std::string prefix) : prefix_(std::move(prefix)) { at_work = this; }
LyingDriver::~LyingDriver() { at_work = nullptr; }

std::function<void(VolkDeviceTable&)> LyingDriver::patch() {
  return [](VolkDeviceTable& table) {
    real_create = table.vkCreateShaderModule;
    table.vkCreateShaderModule = create;
  };
}

}  // namespace lacuna::vulkan
