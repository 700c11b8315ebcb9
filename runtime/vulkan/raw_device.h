#pragma once

#include <array>
#include <memory>
#include <vector>

#include "fusion/graph/executor.h"
#include "runtime/vulkan/device_features.h"
#include "runtime/vulkan/options.h"
#include "runtime/vulkan/shader_library.h"

namespace lacuna::vulkan {

/// One compute shader that is none of the engine's, for measurements: what a device does at best, and kernels to
/// compare with. Bindings of set 0 are storage buffers of f32: the inputs in order, then the output.
struct RawKernel {
  Shader shader;  // its words must outlive the plan
  std::vector<graph::Shape> inputs;
  graph::Shape output;
  std::vector<std::uint32_t> constants;  // specialization constant i
  std::vector<std::uint32_t> push;
  /// Of the grid; a submit may hold a part of it, so the shader must not use gl_NumWorkGroups.
  std::array<std::uint32_t, 3> groups{1, 1, 1};
  /// About how many multiply-adds, at the pace of a simple kernel.
  double work = 0.0;
};

/// A device opened for raw kernels.
class RawDevice {
 public:
  /// Throws what VulkanExecutor throws.
  explicit RawDevice(const VulkanOptions& options);
  ~RawDevice();

  const DeviceInfo& info() const;
  /// The plan runs the kernel once; the device must outlive it. Throws graph::DeviceError.
  std::unique_ptr<graph::Plan> prepare(const RawKernel& kernel);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lacuna::vulkan
