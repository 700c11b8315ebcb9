#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lacuna::shaders {

/// A SPIR-V module with cooperative matrices of VK_NV_cooperative_matrix as one for VK_KHR_cooperative_matrix, whose types
/// also say whether a matrix is the left factor, the right one or a sum. Which is seen from the multiplications, so in the
/// module a factor may not have the type of another use: its sizes have to be constants of their own. Matrices of
/// integers are not known. Throws std::invalid_argument for a module that is broken or has no such types.
std::vector<std::uint32_t> spirv_to_khr(std::span<const std::uint32_t> module);

}  // namespace lacuna::shaders
