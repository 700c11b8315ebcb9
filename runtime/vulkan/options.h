#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct VolkDeviceTable;

namespace lacuna::vulkan {

struct DeviceInfo;

/// Checks of the Khronos validation layer, where it is installed.
enum class Validation : std::uint8_t { off, on };

/// How data reach the device: straight into its memory where the processor shares it (`automatic`), or always
/// through staging buffers, as on a discrete card.
enum class Transfer : std::uint8_t { automatic, staged };

/// Which family of kernels computes products and attention: the one that suits the device (`automatic`), or one of them
/// where the device can run it, for tests and measurements (kernel_choice.h).
enum class Kernels : std::uint8_t { automatic, plain, texels, tiles };

/// What large products are computed in. `int8`: rows of both operands as codes of 8 bits with one factor each. `bf16`:
/// arithmetic in 16 bits, whichever the device has. Both where the device has kernels for it, else f32. `automatic`: f32,
/// but int8 for weights that are stored as i8 where the device says that it multiplies codes fast.
enum class Precision : std::uint8_t { automatic, f32, bf16, int8 };

/// What a Vulkan engine is made with.
struct VulkanOptions {
  /// Index into list_devices(); -1 = the first of the fastest kind.
  int device = -1;
  /// Validation::on includes synchronisation validation; VulkanExecutor::validates() tells whether it is there.
  Validation validation = Validation::off;
  /// Called with each message of the validation layer and the driver's warnings.
  std::function<void(const std::string&)> on_message;
  Transfer transfer = Transfer::automatic;
  Kernels kernels = Kernels::automatic;
  Precision precision = Precision::automatic;
  /// How long one submit may go without an end before the device counts as lost.
  std::chrono::milliseconds patience{120000};
  /// What VulkanExecutor::pipeline_cache() gave in an earlier process; one of another device or driver is not used.
  std::vector<std::byte> pipeline_cache;
  /// Seconds of work in one submit: the aim, and what is never planned for.
  double submit_target = 0.050;
  double submit_limit = 0.100;
  /// Sees the device's function table once, after it is loaded, and may replace entries: faults are injected here.
  /// What it throws leaves the constructor, as if the driver had refused to open the device.
  std::function<void(VolkDeviceTable&)> patch;
  /// May lower what the device says of itself, so that code for small devices runs on large ones.
  std::function<void(DeviceInfo&)> restrict_device;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

}  // namespace lacuna::vulkan
