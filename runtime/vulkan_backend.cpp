#include "runtime/vulkan_backend.h"

#include "runtime/checked_vulkan.h"
#include "runtime/vulkan/devices.h"

namespace lacuna::runtime {
namespace {

std::vector<std::string> features_of(const vulkan::DeviceFeatures& f) {
  std::vector<std::string> names;
  const auto add = [&](bool there, const char* name) {
    if (there) names.emplace_back(name);
  };
  add(f.storage_16bit, "16-bit storage");
  add(f.storage_8bit, "8-bit storage");
  add(f.float16, "float16");
  add(f.int8, "int8");
  add(f.float64, "float64");
  add(f.subgroup_arithmetic, "subgroup arithmetic");
  add(f.subgroup_size_control, "subgroup size control");
  add(f.integer_dot_product, f.fast_dot_product ? "fast integer dot product" : "integer dot product");
  add(f.cooperative_matrix_khr, "cooperative matrix (KHR)");
  add(f.cooperative_matrix_nv || f.cooperative_matrix_nv2, "cooperative matrix (NV)");
  return names;
}

vulkan::Precision engine_precision(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return vulkan::Precision::f32;
    case Precision::bf16:
      return vulkan::Precision::bf16;
    case Precision::int8:
      return vulkan::Precision::int8;
    default:
      return vulkan::Precision::automatic;
  }
}

const vulkan::HeapInfo* working_heap(const vulkan::DeviceInfo& info) {
  const vulkan::HeapInfo* best = nullptr;
  for (const vulkan::HeapInfo& heap : info.heaps) {
    const auto key = [](const vulkan::HeapInfo& h) { return std::pair(h.device_local, h.bytes); };
    if (best == nullptr || key(heap) > key(*best)) best = &heap;
  }
  return best;
}

}  // namespace

std::vector<ListedDevice> list_vulkan_devices() {
  std::vector<ListedDevice> list;
  for (const vulkan::DeviceInfo& info : vulkan::list_devices()) {
    ListedDevice device;
    device.backend = "vulkan";
    device.index = info.index;
    device.id = "vulkan:" + std::to_string(info.index);
    device.name = info.name;
    device.kind = name_of(info.type);
    device.driver = info.driver;
    device.api = "Vulkan " + info.api_version;
    device.uses = info.features.fast_dot_product ? "float32 arithmetic, int8 for weights stored as int8"
                                                 : "float32 arithmetic, weights as they are stored";
    device.features = features_of(info.features);
    for (const vulkan::HeapInfo& heap : info.heaps) device.heaps.push_back({heap.bytes, heap.free, heap.device_local});
    device.missing = info.missing;
    device.software = info.type == vulkan::DeviceType::cpu;
    device.rank = int(info.type);
    list.push_back(std::move(device));
  }
  if (list.empty()) {
    throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                             "no driver offers a Vulkan device on this machine (software Vulkan: mesa-vulkan-drivers)");
  }
  return list;
}

std::unique_ptr<graph::Executor> make_vulkan_engine(const ListedDevice& device, const BackendOptions& options) {
  CheckedVulkanOptions chosen;
  chosen.engine.device = device.index;
  chosen.engine.precision = engine_precision(options.precision);
  chosen.device_name = device.name;
  chosen.cache_folder = options.cache_folder;
  chosen.on_warning = options.on_warning;
  return std::make_unique<CheckedVulkan>(chosen);
}

std::optional<std::string> vulkan_precision(const graph::Executor& engine) {
  const auto* checked = dynamic_cast<const CheckedVulkan*>(&engine);
  if (checked == nullptr) return std::nullopt;
  switch (checked->executor().precision()) {
    case vulkan::Precision::int8:
      return "int8";
    case vulkan::Precision::bf16:
      return "bf16";
    default:
      return "f32";
  }
}

std::optional<DeviceCounters> vulkan_counters(const graph::Executor& engine) {
  const auto* checked = dynamic_cast<const CheckedVulkan*>(&engine);
  if (checked == nullptr) return std::nullopt;
  const vulkan::VulkanExecutor& executor = checked->executor();
  const vulkan::Traffic traffic = executor.traffic();
  return DeviceCounters{traffic.waits, traffic.bytes_up + traffic.bytes_down, traffic.seconds, executor.pipelines(),
                        executor.pipeline_seconds()};
}

std::optional<DeviceMemory> vulkan_memory(const graph::Executor& engine) {
  const auto* checked = dynamic_cast<const CheckedVulkan*>(&engine);
  const vulkan::HeapInfo* heap = checked ? working_heap(checked->executor().device()) : nullptr;
  if (heap == nullptr) return std::nullopt;
  return DeviceMemory{checked->executor().device().name, heap->bytes, heap->free};
}

}  // namespace lacuna::runtime
