#pragma once

#include <functional>
#include <string>

struct VolkDeviceTable;

namespace lacuna::vulkan {

/// A driver that compiles some kernels wrongly: additions become subtractions, fused multiply-adds become mixes.
/// For tests; one at a time.
class LyingDriver {
 public:
  /// Lies about shaders of shader_library() whose name begins with `prefix`.
  explicit LyingDriver(std::string prefix);
  ~LyingDriver();
  LyingDriver(const LyingDriver&) = delete;
  LyingDriver& operator=(const LyingDriver&) = delete;

  /// For VulkanOptions::patch.
  std::function<void(VolkDeviceTable&)> patch();
  const std::string& prefix() const { return prefix_; }
  /// Kernels that were compiled wrongly so far.
  int lies() const { return lies_; }
  void count() { ++lies_; }

 private:
  std::string prefix_;
  int lies_ = 0;
};

}  // namespace lacuna::vulkan
