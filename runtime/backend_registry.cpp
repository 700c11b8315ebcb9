#include "runtime/backend_registry.h"

#include <array>
#include <stdexcept>

#include "runtime/cpu/reference_executor.h"
#ifdef LACUNA_HAS_CPU_ENGINE
#include "runtime/cpu/cpu_executor.h"
#endif

namespace lacuna::runtime {
namespace {

std::unique_ptr<graph::Executor> make_reference(const BackendOptions&) {
  return std::make_unique<cpu::ReferenceExecutor>();
}

std::string describe_reference() { return "one thread, float32 values, sums in float64"; }

#ifdef LACUNA_HAS_CPU_ENGINE
std::unique_ptr<graph::Executor> make_cpu(const BackendOptions& options);
std::string describe_cpu();
#endif

constexpr std::array kBackends{
#ifdef LACUNA_HAS_CPU_ENGINE
    Backend{"cpu", "oneDNN and OpenMP on the processor", make_cpu, describe_cpu},
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

Precision precision_named(std::string_view name) {
  if (name == "auto") return Precision::automatic;
  if (name == "f32") return Precision::f32;
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  throw std::invalid_argument("[precision] expected auto, f32, bf16 or int8, got \"" +
                              std::string(name) + "\"");
}

}  // namespace lacuna::runtime
