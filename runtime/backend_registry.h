#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fusion/graph/executor.h"

namespace lacuna::runtime {

/// Arithmetic of an engine's large products; `automatic` is the fastest that this machine does
/// well.
enum class Precision : std::uint8_t { automatic, f32, bf16, int8 };

struct BackendOptions {
  Precision precision = Precision::automatic;
  int threads = 0;  // 0 = all
};

/// One engine that can run graphs.
struct Backend {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<graph::Executor> (*make)(const BackendOptions&);
  /// What a user should know of the device: processor, instruction sets, memory.
  std::string (*describe)();
};

/// Every backend of this build, the preferred one first.
std::span<const Backend> backend_registry();

/// By name, or "auto" for the preferred one. Throws graph::DeviceError (unsupported) listing what
/// is there.
std::unique_ptr<graph::Executor> make_executor(std::string_view name,
                                               const BackendOptions& options);

/// What an executor of the registry computes large products in: "f32", "bf16" or "int8".
std::string precision_of(const graph::Executor& executor);

/// "auto", "f32", "bf16", "int8". Throws std::invalid_argument.
Precision precision_named(std::string_view name);

}  // namespace lacuna::runtime
