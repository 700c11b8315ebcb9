#pragma once

#include "runtime/backend_registry.h"

namespace lacuna::runtime {

/// Every device of the machine's Vulkan drivers. Throws graph::DeviceError (unsupported) where there is none.
std::vector<ListedDevice> list_vulkan_devices();

/// The engine on one of them, opened anew. Throws graph::DeviceError.
std::unique_ptr<graph::Executor> make_vulkan_engine(const ListedDevice& device, const BackendOptions& options);

/// precision_of() of the engine; nothing where `engine` is another one.
std::optional<std::string> vulkan_precision(const graph::Executor& engine);

/// Nothing where `engine` is another one.
std::optional<DeviceCounters> vulkan_counters(const graph::Executor& engine);

/// The heap that the engine's weights and values lie in; nothing where `engine` is another one.
std::optional<DeviceMemory> vulkan_memory(const graph::Executor& engine);

}  // namespace lacuna::runtime
