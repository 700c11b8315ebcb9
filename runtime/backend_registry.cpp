#include "runtime/backend_registry.h"

#include <array>
#include <stdexcept>

#include "runtime/cpu/reference_executor.h"
#ifdef LACUNA_HAS_CPU_ENGINE
#include "runtime/cpu/cpu_executor.h"
#include "runtime/cpu/cpu_features.h"
#endif
#ifdef LACUNA_HAS_VULKAN_ENGINE
#include "runtime/vulkan/devices.h"
#include "runtime/vulkan/vulkan_executor.h"
#endif

namespace lacuna::runtime {
namespace {

std::unique_ptr<graph::Executor> make_reference(const BackendOptions&) {
  return std::make_unique<cpu::ReferenceExecutor>();
}

std::string describe_reference() { return "one thread, float32 values, sums in float64"; }

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

std::unique_ptr<graph::Executor> make_cpu(const BackendOptions& options) {
  return std::make_unique<cpu::CpuExecutor>(
      cpu::CpuOptions{cpu_precision(options.precision), options.threads});
}

std::string describe_cpu() {
  const auto usable = cpu::usable_precision(cpu::Precision::automatic, cpu::detect_cpu_features());
  return "large products in " + std::string(cpu::name_of(usable)) + " by default";
}
#endif

#ifdef LACUNA_HAS_VULKAN_ENGINE
std::unique_ptr<graph::Executor> make_vulkan(const BackendOptions&) {
  return std::make_unique<vulkan::VulkanExecutor>();
}

std::string describe_vulkan() {
  try {
    std::string text;
    for (const vulkan::DeviceInfo& device : vulkan::list_devices()) {
      text += (text.empty() ? "" : ", ") + device.name + " (" + vulkan::name_of(device.type) + ")";
      if (!device.missing.empty()) text += " lacks " + device.missing;
    }
    return text.empty() ? "no device on this machine" : text;
  } catch (const graph::DeviceError& error) {
    return error.what();
  }
}
#endif

constexpr std::array kBackends{
#ifdef LACUNA_HAS_CPU_ENGINE
    Backend{"cpu", "oneDNN and OpenMP on the processor", make_cpu, describe_cpu},
#endif
#ifdef LACUNA_HAS_VULKAN_ENGINE
    Backend{"vulkan", "compute shaders on a GPU or on software Vulkan", make_vulkan, describe_vulkan},
#endif
    Backend{"reference", "plain loops, slow on purpose: what other engines are measured against",
            make_reference, describe_reference},
};

std::string known_names() {
  std::string names = "auto";
  for (const Backend& backend : kBackends) names += ", " + std::string(backend.name);
  return names;
}

}  // namespace

std::span<const Backend> backend_registry() { return kBackends; }

std::unique_ptr<graph::Executor> make_executor(std::string_view name,
                                               const BackendOptions& options) {
  for (const Backend& backend : kBackends) {
    if (name == "auto" || name == backend.name) return backend.make(options);
  }
  throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                           "there is no device \"" + std::string(name) +
                               "\" in this build; expected one of: " + known_names());
}

std::string precision_of(const graph::Executor& executor) {
#ifdef LACUNA_HAS_CPU_ENGINE
  if (const auto* engine = dynamic_cast<const cpu::CpuExecutor*>(&executor)) {
    return std::string(cpu::name_of(engine->precision()));
  }
#endif
  return executor.name() == "reference" || executor.name() == "vulkan" ? "f32" : "auto";
}

Precision precision_named(std::string_view name) {
  if (name == "auto") return Precision::automatic;
  if (name == "f32") return Precision::f32;
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  throw std::invalid_argument("[precision] expected auto, f32, bf16 or int8, got \"" +
                              std::string(name) + "\"");
}

}  // namespace lacuna::runtime
