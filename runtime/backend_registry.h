#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fusion/graph/cancel.h"
#include "fusion/graph/executor.h"
#include "runtime/listed_device.h"

namespace lacuna::runtime {

/// Arithmetic of an engine's large products; `automatic` is the fastest that this machine does
/// well.
enum class Precision : std::uint8_t { automatic, f32, bf16, int8 };

/// Who takes over when a device is lost twice or has too little memory.
enum class Fallback : std::uint8_t { none, cpu };

struct BackendOptions {
  Precision precision = Precision::automatic;
  int threads = 0;  // 0 = all
  Fallback fallback = Fallback::none;
  /// Where engines keep what they learned of a device (compiled kernels, checks that passed); empty = nowhere.
  std::filesystem::path cache_folder;
  /// Called with one line for what a user should know: a lost device, a broken cache; may be empty.
  std::function<void(const std::string&)> on_warning;
  /// Makes the processor's engine give up a run, with graph::Cancelled; may be empty.
  graph::StopRequest stop;
};

/// One engine that can run graphs.
struct Backend {
  std::string_view name;
  std::string_view summary;
  /// On devices()[device.index].
  std::unique_ptr<graph::Executor> (*make)(const ListedDevice& device, const BackendOptions&);
  /// What it can run on. Throws graph::DeviceError (unsupported) saying why there is nothing.
  std::vector<ListedDevice> (*devices)();
};

/// Every backend of this build, the preferred one first.
std::span<const Backend> backend_registry();

/// Devices of all backends, and why a backend has none.
struct DeviceList {
  std::vector<ListedDevice> devices;
  std::vector<std::string> problems;  // "vulkan: there is no Vulkan loader ..."
};
DeviceList list_devices();

/// By the name of a device, see find_device(). Throws graph::DeviceError (unsupported) listing what is there, or
/// saying that the device does not compute in the precision asked for.
std::unique_ptr<graph::Executor> make_executor(std::string_view name, const BackendOptions& options);

/// Ids of the devices that `auto` chooses from: the processor first, then every usable one that is not software.
std::vector<std::string> automatic_devices();

/// What an executor of make_executor() computes large products in: "f32", "bf16" or "int8".
std::string precision_of(const graph::Executor& executor);

/// The memory that an executor of make_executor() works in, where that is not the system's: the largest heap of its
/// device, as free now as the driver says.
struct DeviceMemory {
  std::string device;
  std::uint64_t bytes = 0;
  std::uint64_t free = 0;
};
std::optional<DeviceMemory> memory_of(const graph::Executor& executor);

/// What an engine of a device has done so far, for measurements.
struct DeviceCounters {
  std::uint64_t waits = 0;  // the processor waited for the device
  std::uint64_t bytes = 0;  // in and out, weights not counted
  double seconds = 0.0;     // of those waits, from the first submit on
  std::uint64_t kernels = 0;
  double kernel_seconds = 0.0;  // that compiling them took
};
std::optional<DeviceCounters> counters_of(const graph::Executor& executor);

/// "auto", "f32", "bf16", "int8". Throws std::invalid_argument.
Precision precision_named(std::string_view name);
/// "none", "cpu". Throws std::invalid_argument.
Fallback fallback_named(std::string_view name);

}  // namespace lacuna::runtime
