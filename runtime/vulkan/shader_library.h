#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lacuna::vulkan {

/// A compiled shader of the folder shaders/; the name is that of the file, with "_" and the permutation behind it.
struct Shader {
  std::string_view name;
  std::span<const std::uint32_t> words;  // SPIR-V
};

/// All shaders of this build, by name.
std::span<const Shader> shader_library();

/// Throws std::invalid_argument for a name that is not there.
const Shader& find_shader(std::string_view name);

}  // namespace lacuna::vulkan
