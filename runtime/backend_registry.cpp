#include "runtime/backend_registry.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "runtime/cpu/reference_executor.h"
#include "runtime/recovering_executor.h"
#ifdef LACUNA_HAS_CPU_ENGINE
#include "runtime/cpu/cpu_executor.h"
#include "runtime/cpu/cpu_features.h"
#endif
#ifdef LACUNA_HAS_VULKAN_ENGINE
#include "runtime/vulkan_backend.h"
#endif

namespace lacuna::runtime {
namespace {

using graph::DeviceError;

ListedDevice processor(const char* id, std::string uses) {
  ListedDevice device;
  device.id = device.backend = device.name = id;
  device.kind = "processor";
  device.uses = std::move(uses);
  return device;
}

std::unique_ptr<graph::Executor> make_reference(const ListedDevice&, const BackendOptions&) {
  return std::make_unique<cpu::ReferenceExecutor>();
}

std::vector<ListedDevice> reference_devices() {
  return {processor("reference", "one thread, float32 values, sums in float64")};
}

#ifdef LACUNA_HAS_CPU_ENGINE
cpu::Precision cpu_precision(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return cpu::Precision::f32;
    case Precision::bf16:
      return cpu::Precision::bf16;
    case Precision::int8:
      return cpu::Precision::int8;
    default:
      return cpu::Precision::automatic;
  }
}

cpu::CpuOptions cpu_options(cpu::Precision precision, const BackendOptions& options) {
  cpu::CpuOptions chosen;
  chosen.precision = precision;
  chosen.threads = options.threads;
  chosen.stop = options.stop;
  return chosen;
}

std::unique_ptr<graph::Executor> make_cpu(const ListedDevice&, const BackendOptions& options) {
  return std::make_unique<cpu::CpuExecutor>(cpu_options(cpu_precision(options.precision), options));
}

std::vector<ListedDevice> cpu_devices() {
  const auto usable = cpu::usable_precision(cpu::Precision::automatic, cpu::detect_cpu_features());
  return {processor("cpu", "large products in " + std::string(cpu::name_of(usable)) + " by default")};
}
#endif

#ifdef LACUNA_HAS_VULKAN_ENGINE
/// The engine on the device, made again when the device is lost, and the processor after that where it was asked for.
std::unique_ptr<graph::Executor> make_vulkan(const ListedDevice& device, const BackendOptions& options) {
  Recovery recovery;
  recovery.make = [device, options] { return make_vulkan_engine(device, options); };
  recovery.on_event = options.on_warning;
#ifdef LACUNA_HAS_CPU_ENGINE
  if (options.fallback == Fallback::cpu) {
    // The run goes on as it began: in float32 where nothing else was asked for.
    const auto precision = options.precision == Precision::automatic ? Precision::f32 : options.precision;
    recovery.fall_back = [cpu = cpu_options(cpu_precision(precision), options)] {
      return std::make_unique<cpu::CpuExecutor>(cpu);
    };
  }
#endif
  return std::make_unique<RecoveringExecutor>(std::move(recovery));
}
#endif

constexpr std::array kBackends{
#ifdef LACUNA_HAS_CPU_ENGINE
    Backend{"cpu", "oneDNN and OpenMP on the processor", make_cpu, cpu_devices},
#endif
#ifdef LACUNA_HAS_VULKAN_ENGINE
    Backend{"vulkan", "compute shaders on a GPU or on software Vulkan", make_vulkan, list_vulkan_devices},
#endif
    Backend{"reference", "plain loops, slow on purpose: what other engines are measured against",
            make_reference, reference_devices},
};

const graph::Executor& engine_of(const graph::Executor& executor) {
  const auto* recovering = dynamic_cast<const RecoveringExecutor*>(&executor);
  return recovering ? recovering->engine() : executor;
}

/// Loading every Vulkan driver takes longer than a caption; where the kernel has no graphics device there is no need.
bool may_have_graphics() {
  std::error_code ignored;
  constexpr const char* kNodes[] = {"/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"};
  return std::ranges::any_of(kNodes, [&](const char* node) { return std::filesystem::exists(node, ignored); });
}

/// The backends that a name may mean: Vulkan is not asked where an id of another backend is given.
DeviceList devices_for(std::string_view name) {
  for (const Backend& backend : kBackends) {
    if (name == backend.name && name != "vulkan") return {backend.devices(), {}};
  }
  return list_devices();
}

}  // namespace

std::span<const Backend> backend_registry() { return kBackends; }

DeviceList list_devices() {
  DeviceList list;
  for (const Backend& backend : kBackends) {
    try {
      auto devices = backend.devices();
      list.devices.insert(list.devices.end(), devices.begin(), devices.end());
    } catch (const DeviceError& error) {
      const std::string why = error.what();
      const std::size_t end = why.starts_with('[') ? why.find("] ") : std::string::npos;
      list.problems.push_back(std::string(backend.name) + ": " + (end == std::string::npos ? why : why.substr(end + 2)));
    }
  }
  return list;
}

std::unique_ptr<graph::Executor> make_executor(std::string_view name, const BackendOptions& options) {
  if (name == "auto") name = kBackends.front().name;
  const DeviceList list = devices_for(name);
  const auto found = [&]() -> ListedDevice {
    try {
      return find_device(name, list.devices);
    } catch (const DeviceError& error) {
      std::string message = error.what();
      for (const std::string& problem : list.problems) message += "\n  " + problem;
      throw DeviceError(error.kind(), message);
    }
  }();
  for (const Backend& backend : kBackends) {
    if (backend.name == found.backend) return backend.make(found, options);
  }
  throw std::logic_error("[make_executor] a device of no backend");
}

std::vector<std::string> automatic_devices() {
  std::vector<std::string> ids{std::string(kBackends.front().name)};
  if (!may_have_graphics()) return ids;
  for (const ListedDevice& device : list_devices().devices) {
    if (device.backend == "vulkan" && device.missing.empty() && !device.software) ids.push_back(device.id);
  }
  return ids;
}

std::string precision_of(const graph::Executor& executor) {
#ifdef LACUNA_HAS_CPU_ENGINE
  if (const auto* engine = dynamic_cast<const cpu::CpuExecutor*>(&engine_of(executor))) {
    return std::string(cpu::name_of(engine->precision()));
  }
#endif
#ifdef LACUNA_HAS_VULKAN_ENGINE
  if (const auto precision = vulkan_precision(engine_of(executor))) return *precision;
#endif
  return "f32";
}

std::optional<DeviceMemory> memory_of([[maybe_unused]] const graph::Executor& executor) {
#ifdef LACUNA_HAS_VULKAN_ENGINE
  return vulkan_memory(engine_of(executor));
#else
  return std::nullopt;
#endif
}

std::optional<DeviceCounters> counters_of([[maybe_unused]] const graph::Executor& executor) {
#ifdef LACUNA_HAS_VULKAN_ENGINE
  return vulkan_counters(engine_of(executor));
#else
  return std::nullopt;
#endif
}

Precision precision_named(std::string_view name) {
  if (name == "auto") return Precision::automatic;
  if (name == "f32") return Precision::f32;
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  throw std::invalid_argument("[precision] expected auto, f32, bf16 or int8, got \"" +
                              std::string(name) + "\"");
}

Fallback fallback_named(std::string_view name) {
  if (name == "none") return Fallback::none;
  if (name == "cpu") return Fallback::cpu;
  throw std::invalid_argument("[fallback] expected none or cpu, got \"" + std::string(name) + "\"");
}

}  // namespace lacuna::runtime
