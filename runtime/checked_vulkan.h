#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/self_test.h"
#include "runtime/vulkan/vulkan_executor.h"

namespace lacuna::runtime {

/// Whether kernels are timed against each other: on GPUs alone (on software Vulkan the choice is known), or everywhere.
enum class Tune : std::uint8_t { gpus, everywhere };

struct CheckedVulkanOptions {
  vulkan::VulkanOptions engine;
  /// Of the device that engine.device is; names its file.
  std::string device_name;
  /// Where verdicts and compiled kernels are kept; empty = nowhere.
  std::filesystem::path cache_folder;
  Tune tune = Tune::gpus;
  /// Called with one line for what a user should know; may be empty.
  std::function<void(const std::string&)> on_warning;
};

/// The Vulkan engine, whose kernels are compared with the reference engine before their first use on a device by a
/// driver. One that computes wrongly is replaced by the next simpler one, with a warning. Products in tiles are then
/// timed once (tune_products.h). Verdicts and choices are kept with the driver's compiled kernels; a file that is broken,
/// or of another driver, is made anew with a warning.
class CheckedVulkan final : public graph::Executor {
 public:
  /// Throws graph::DeviceError.
  explicit CheckedVulkan(const CheckedVulkanOptions& options);
  ~CheckedVulkan() override;

  std::string name() const override { return engine_->name(); }
  /// Checks what the graph needs and was not checked before. Throws graph::DeviceError, unsupported where the device
  /// computes wrongly whatever kernels are taken.
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;
  /// Checks these parts, as prepare() does.
  void check(const TestParts& parts);
  const vulkan::VulkanExecutor& executor() const { return *engine_; }
  /// What was compared in this process, and not in an earlier one.
  const TestParts& checked_now() const { return checked_now_; }
  /// Seconds that timing kernels took in this process.
  double tune_seconds() const { return tune_seconds_; }

 private:
  void warn(const std::string& line) const;
  std::string device_line() const;
  std::string identity() const;
  std::string verdict() const;
  bool accept(std::string_view verdict);
  TestParts with_narrow_parts(TestParts parts) const;
  std::vector<FailingPart> wrong_parts(const TestParts& parts, graph::Executor& reference);
  bool wants_tuning() const;
  void tune();
  bool replace(const FailingPart& part, vulkan::KernelChoice& choice) const;
  void adopt_found_by_others();
  void save() noexcept;

  std::function<void(const std::string&)> warn_;
  std::filesystem::path file_;
  TestParts checked_, checked_now_;  // of this driver with the kernels in use
  Tune tune_ = Tune::gpus;
  double tune_seconds_ = 0.0;
  std::size_t kept_bytes_ = 0;
  std::string kept_verdict_;
  std::mutex mutex_;
  std::unique_ptr<vulkan::VulkanExecutor> engine_;
};

}  // namespace lacuna::runtime
