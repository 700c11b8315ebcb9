#pragma once

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
  std::optional<std::string> device;
  std::optional<std::string> precision;
  int threads = 0;
  bool list_devices = false;

  void declare(Options& options);
  /// The same without --model.
  void declare_device(Options& options);

  std::string device_name() const { return device.value_or("auto"); }
  std::string precision_name() const { return precision.value_or("auto"); }
  std::unique_ptr<graph::Executor> make_executor() const;
};

/// A model that is ready to work.
struct OpenedModel {
  std::unique_ptr<graph::Executor> executor;
  std::unique_ptr<generation::Pipeline> pipeline;

  const generation::Model& model() const { return pipeline->model(); }
};

/// Finds and opens the model; says with -v what it is and how long that took. Throws Failure and
/// what open_model throws.
OpenedModel open_model(const ModelFlags& flags, const LogFlags& log);

}  // namespace lacuna::tools
