#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

struct VolkDeviceTable;

namespace lacuna::vulkan {

/// What a driver compiles wrongly: shaders of shader_library() whose name begins with `shaders` and, where it is given,
/// only pipelines with a specialization constant of that value.
struct DriverLie {
  struct Constant {
    std::size_t index = 0;
    std::uint32_t value = 0;
  };
  std::string shaders;
  std::optional<Constant> constant = {};
};

/// A driver that compiles some kernels wrongly: additions become subtractions, fused multiply-adds become mixes, products of
/// cooperative matrices are left out. For
/// tests; one at a time.
class LyingDriver {
 public:
  explicit LyingDriver(DriverLie lie);
  ~LyingDriver();
  LyingDriver(const LyingDriver&) = delete;
  LyingDriver& operator=(const LyingDriver&) = delete;

  /// For VulkanOptions::patch.
  std::function<void(VolkDeviceTable&)> patch();
  const DriverLie& lie() const { return lie_; }
  /// Kernels that were compiled wrongly so far.
  int lies() const { return lies_; }
  void count() { ++lies_; }

 private:
  DriverLie lie_;
  int lies_ = 0;
};

}  // namespace lacuna::vulkan
