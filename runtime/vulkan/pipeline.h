#pragma once

#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "runtime/vulkan/device.h"

namespace lacuna::vulkan {

/// How a shader sees one of its buffers.
enum class BindingKind : std::uint8_t { storage, texels };

/// A shader with its constants: what a pipeline is made of, and the key under which it is kept.
struct Kernel {
  std::string shader;                          // of shader_library()
  std::vector<BindingKind> bindings;           // binding i of set 0
  std::uint32_t push_bytes = 0;                // at most 128
  std::vector<std::uint32_t> constants;        // specialization constant i
  std::uint32_t subgroup_size = 0;             // required; 0 = what the device likes
  bool full_subgroups = false;                 // every subgroup has all its invocations; needs subgroup size control
  /// SPIR-V of a shader that is not in shader_library().
  const std::uint32_t* code = nullptr;
  std::size_t code_words = 0;

  auto operator<=>(const Kernel&) const = default;
};

/// A compute pipeline with its layouts.
class Pipeline {
 public:
  Pipeline(const Device& device, VkPipelineCache cache, Kernel kernel);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  const Kernel& kernel() const { return kernel_; }
  VkPipeline handle() const { return handle_; }
  VkPipelineLayout layout() const { return layout_; }
  VkDescriptorSetLayout set_layout() const { return set_layout_; }

 private:
  void make(VkPipelineCache cache);
  void destroy() noexcept;

  const Device& device_;
  Kernel kernel_;
  VkDescriptorSetLayout set_layout_ = VK_NULL_HANDLE;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline handle_ = VK_NULL_HANDLE;
};

/// Pipelines, each made once for all plans of an executor.
class PipelineStore {
 public:
  /// `cache` is what data() gave on the same device and driver; anything else is not used.
  PipelineStore(const Device& device, std::span<const std::byte> cache);
  ~PipelineStore();
  PipelineStore(const PipelineStore&) = delete;
  PipelineStore& operator=(const PipelineStore&) = delete;

  /// Lives as long as the store. Throws graph::DeviceError, std::invalid_argument for an unknown shader.
  const Pipeline& get(const Kernel& kernel);
  /// What the driver wants to see again next time. Throws graph::DeviceError.
  std::vector<std::byte> data() const;
  /// Pipelines made, and the seconds it took.
  std::size_t count() const;
  double seconds() const;

 private:
  const Device& device_;
  VkPipelineCache cache_ = VK_NULL_HANDLE;
  mutable std::mutex mutex_;
  double seconds_ = 0.0;
  std::map<Kernel, std::unique_ptr<Pipeline>> pipelines_;
};

}  // namespace lacuna::vulkan
