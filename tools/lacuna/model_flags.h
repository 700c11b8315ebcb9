#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "fusion/graph/executor.h"
#include "runtime/backend_registry.h"
#include "runtime/generation/pipeline.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/options.h"

namespace lacuna::tools {

/// Which model, on which device.
struct ModelFlags {
  std::optional<std::string> model;
  std::optional<std::string> tokenizer;  // in the place of the model's own; verbs that take one declare it
  std::optional<std::string> device;
  std::optional<std::string> precision;
  std::optional<std::string> fallback;
  int threads = 0;
  bool list_devices = false;

  void declare(Options& options);
  void declare_tokenizer(Options& options);
  /// The same without --model.
  void declare_device(Options& options);

  std::string device_name() const { return device.value_or("auto"); }
  std::string precision_name() const { return precision.value_or("auto"); }
  /// Whether the processor takes over where the device cannot: asked for, or the device is `auto`.
  bool falls_back() const;
  /// An engine on --device; `auto` is the processor here. Where it cannot be had and falls_back(), says so and takes
  /// the processor. Throws Failure.
  std::unique_ptr<graph::Executor> make_executor(const LogFlags& log) const;
  /// An engine on this device and no other. Throws Failure, graph::DeviceError.
  std::unique_ptr<graph::Executor> make_executor_on(const std::string& name, const LogFlags& log) const;

 private:
  runtime::BackendOptions backend_options(const LogFlags& log) const;
};

/// A model that is ready to work.
struct OpenedModel {
  std::unique_ptr<graph::Executor> executor;
  std::unique_ptr<generation::Pipeline> pipeline;
  samplers::Fidelity fidelity = samplers::Fidelity::corrected;  // that it was opened with
  std::chrono::steady_clock::time_point began;                  // when opening it began

  const generation::Model& model() const { return pipeline->model(); }
};

/// Finds and opens the model on --device, or with `auto` on the device that runs it fastest; says with -v what it is
/// and how long that took. Throws Failure and what open_model throws.
OpenedModel open_model(const ModelFlags& flags, const LogFlags& log,
                       samplers::Fidelity fidelity = samplers::Fidelity::corrected);
/// On an engine that is there.
OpenedModel open_model_with(std::unique_ptr<graph::Executor> executor, const ModelFlags& flags, const LogFlags& log,
                            samplers::Fidelity fidelity = samplers::Fidelity::corrected);
/// Says with -v how many passes the denoiser made, of how many operations, when the first one began after the model was
/// opened, and the most memory that there was in use.
void log_work(const OpenedModel& opened, const LogFlags& log);
/// On this device and no other.
OpenedModel open_model_on(const std::string& device, const ModelFlags& flags, const LogFlags& log,
                          samplers::Fidelity fidelity = samplers::Fidelity::corrected);

}  // namespace lacuna::tools
