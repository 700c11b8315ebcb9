#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fusion/graph/host_tensor.h"
#include "runtime/vulkan/command_buffer.h"

namespace lacuna::vulkan {

/// Index into Program::buffers.
using BufferId = std::int32_t;

/// Memory that a program works on.
struct ProgramBuffer {
  enum class Kind : std::uint8_t {
    arena,   // placed by liveness
    fixed,   // there already: weights and constants
    input,   // the graph's input `position`, filled before each run
    output,  // the graph's output `position`, handed back after each run
  };
  Kind kind = Kind::arena;
  VkDeviceSize bytes = 0;
  std::size_t position = 0;
  std::shared_ptr<const Buffer> fixed;
};

/// A value on the device: part of a buffer, row-major f32 or i32, beginning at a multiple of DeviceLimits::alignment.
struct Operand {
  BufferId buffer = -1;
  VkDeviceSize offset = 0;
  VkDeviceSize bytes = 0;
};

enum class Access : std::uint8_t { read, write, read_write };

/// An operand as a kernel sees it.
struct Binding {
  Operand operand;
  Access access = Access::read;
  VkFormat texels = VK_FORMAT_UNDEFINED;  // format of a texel binding
};

/// One kernel over a grid of workgroups, or a copy (no pipeline) of binding 0 to binding 1.
struct Dispatch {
  const Pipeline* pipeline = nullptr;
  std::vector<Binding> bindings;
  std::vector<std::uint32_t> push;
  Groups groups{1, 1, 1};
  /// About how many multiply-adds or elements; only the ratio between dispatches counts, and only until the first run
  /// was timed.
  double work = 0.0;
};

/// A lowered graph in the order in which it runs. A dispatch may be cut into pieces of its grid, so kernels use
/// gl_WorkGroupID alone, never gl_NumWorkGroups, and workgroups of one dispatch never wait for each other.
struct Program {
  std::vector<ProgramBuffer> buffers;
  std::vector<Dispatch> dispatches;
  /// Run on the inputs before each run; throw std::invalid_argument.
  std::vector<std::function<void(std::span<const graph::HostTensor>)>> checks;
};

}  // namespace lacuna::vulkan
