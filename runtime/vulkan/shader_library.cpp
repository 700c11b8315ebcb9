#include "runtime/vulkan/shader_library.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lacuna::vulkan {

const Shader& find_shader(std::string_view name) {
  const auto all = shader_library();
  const auto found = std::ranges::find(all, name, &Shader::name);
  if (found == all.end()) throw std::invalid_argument("[vulkan] expected a shader, got \"" + std::string(name) + "\"");
  return *found;
}

}  // namespace lacuna::vulkan
