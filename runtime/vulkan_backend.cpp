#include "runtime/vulkan_backend.h"

#include <chrono>
#include <cstdio>

#include "runtime/cpu/reference_executor.h"
#include "runtime/kernel_cache.h"
#include "runtime/self_test.h"
#include "runtime/vulkan/devices.h"
#include "runtime/vulkan/fma_ceiling.h"
#include "runtime/vulkan/shader_library.h"
#include "runtime/vulkan/vulkan_executor.h"

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
  add(f.integer_dot_product, "integer dot product");
  add(f.cooperative_matrix_khr, "cooperative matrix (KHR)");
  add(f.cooperative_matrix_nv || f.cooperative_matrix_nv2, "cooperative matrix (NV)");
  return names;
}

const vulkan::HeapInfo* working_heap(const vulkan::DeviceInfo& info) {
  const vulkan::HeapInfo* best = nullptr;
  for (const vulkan::HeapInfo& heap : info.heaps) {
    const auto key = [](const vulkan::HeapInfo& h) { return std::pair(h.device_local, h.bytes); };
    if (best == nullptr || key(heap) > key(*best)) best = &heap;
  }
  return best;
}

std::uint64_t kernels_version() {
  std::uint64_t sum = checksum(nullptr, 0);
  for (const vulkan::Shader& shader : vulkan::shader_library()) {
    sum = checksum(shader.words.data(), shader.words.size_bytes(), sum);
  }
  return sum;
}

/// What KernelCache::checked says of a device that needs the plain kernels.
constexpr const char* kPlain = "plain";

/// The engine, tried against the reference once for each device, driver and version of the kernels, with its compiled
/// kernels kept from process to process.
class CheckedEngine final : public graph::Executor {
 public:
  CheckedEngine(const ListedDevice& device, const BackendOptions& options)
      : warn_(options.on_warning), version_(kernels_version()) {
    if (!options.cache_folder.empty()) {
      const std::string key = device.name + '\n' + device.driver + '\n' + device.api;
      char name[40];
      std::snprintf(name, sizeof name, "vulkan-%016llx.kernels", static_cast<unsigned long long>(checksum(key.data(), key.size())));
      file_ = options.cache_folder / name;
    }
    std::optional<KernelCache> kept = read();
    vulkan::VulkanOptions chosen;
    chosen.device = device.index;
    if (kept) chosen.pipeline_cache = kept->compiled;
    if (kept) {
      checked_ = kept->checked;
      if (checked_ == kPlain) chosen.kernels = vulkan::Kernels::plain;
      engine_ = std::make_unique<vulkan::VulkanExecutor>(chosen);
      kept_bytes_ = kept->compiled.size();
      saved_ = true;
    } else {
      open_checked(device, chosen);
      save();
    }
  }
  ~CheckedEngine() override { save(); }

  std::string name() const override { return engine_->name(); }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override {
    return engine_->prepare(graph, std::move(weights));
  }
  const vulkan::DeviceInfo& device() const { return engine_->device(); }
  const vulkan::VulkanExecutor& executor() const { return *engine_; }

 private:
  void warn(const std::string& line) const {
    if (warn_) warn_(line);
  }

  std::optional<KernelCache> read() const {
    if (file_.empty()) return std::nullopt;
    try {
      auto cache = read_kernel_cache(file_);
      if (cache && cache->version == version_) return cache;
    } catch (const std::exception& error) {
      warn(error.what());
    }
    return std::nullopt;
  }

  /// With the kernels that suit the device or, where a driver gets those wrong, the plain ones. Throws
  /// graph::DeviceError (unsupported) where it computes wrongly with these too.
  void open_checked(const ListedDevice& device, vulkan::VulkanOptions chosen) {
    cpu::ReferenceExecutor reference;
    std::string wrong;
    for (const vulkan::Kernels kernels : {vulkan::Kernels::automatic, vulkan::Kernels::plain}) {
      chosen.kernels = kernels;
      engine_.reset();
      engine_ = std::make_unique<vulkan::VulkanExecutor>(chosen);
      checked_ = kernels == vulkan::Kernels::plain ? kPlain : "automatic";
      wrong = failing_part(*engine_, reference);
      if (wrong.empty()) return;
      warn("the device " + device.id + " (" + device.name + ", " + device.driver + ") computes wrongly with " + checked_ +
           " kernels: " + wrong);
    }
    throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                             "the device " + device.id + " (" + device.name + ", " + device.driver +
                                 ") computes wrongly: " + wrong + "; a newer driver may help");
  }

  /// Where the driver has more to keep than before.
  void save() noexcept {
    if (file_.empty()) return;
    try {
      KernelCache cache{version_, checked_, engine_->pipeline_cache()};
      if (saved_ && cache.compiled.size() == kept_bytes_) return;
      write_kernel_cache(file_, cache);
      kept_bytes_ = cache.compiled.size();
      saved_ = true;
    } catch (const std::exception& error) {
      file_.clear();
      try {
        warn(std::string("compiled kernels are not kept: ") + error.what());
      } catch (...) {  // a warning that cannot be given is let go
      }
    }
  }

  std::function<void(const std::string&)> warn_;
  std::uint64_t version_;
  std::filesystem::path file_;
  std::string checked_;
  std::size_t kept_bytes_ = 0;
  bool saved_ = false;
  std::unique_ptr<vulkan::VulkanExecutor> engine_;
};

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
    device.uses = "float32 arithmetic, weights as they are stored";
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
  return std::make_unique<CheckedEngine>(device, options);
}

std::optional<DeviceCounters> vulkan_counters(const graph::Executor& engine) {
  const auto* checked = dynamic_cast<const CheckedEngine*>(&engine);
  if (checked == nullptr) return std::nullopt;
  const vulkan::VulkanExecutor& executor = checked->executor();
  const vulkan::Traffic traffic = executor.traffic();
  return DeviceCounters{traffic.waits, traffic.bytes_up + traffic.bytes_down, executor.pipelines(),
                        executor.pipeline_seconds()};
}

double vulkan_fma_ceiling(const ListedDevice& device) {
  vulkan::VulkanOptions chosen;
  chosen.device = device.index;
  return 1e-9 * vulkan::measure_fma_ceiling(chosen, [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  });
}

std::optional<DeviceMemory> vulkan_memory(const graph::Executor& engine) {
  const auto* checked = dynamic_cast<const CheckedEngine*>(&engine);
  const vulkan::HeapInfo* heap = checked ? working_heap(checked->device()) : nullptr;
  if (heap == nullptr) return std::nullopt;
  return DeviceMemory{checked->device().name, heap->bytes, heap->free};
}

}  // namespace lacuna::runtime
