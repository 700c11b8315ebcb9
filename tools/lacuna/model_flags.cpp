#include "tools/lacuna/model_flags.h"

#include <chrono>
#include <cstdio>

#include "tools/lacuna/failure.h"
#include "tools/lacuna/model_finder.h"

namespace lacuna::tools {

void ModelFlags::declare(Options& options) {
  options.group("Model and device");
  options.value("-m,--model", "PATH", model,
                std::string("Model folder, or the name of one (default ") + kDefaultModel + ")");
  declare_device(options);
}

void ModelFlags::declare_device(Options& options) {
  std::string names;
  for (const auto& backend : runtime::backend_registry()) names += ", " + std::string(backend.name);
  options.group("Model and device");
  options.value("--device", "NAME", device, "auto" + names + " (default auto)");
  options.value("-t,--threads", "N", threads, "Threads; 0 = all processors (default 0)");
  options.value("--precision", "TYPE", precision,
                "Of large products: auto, f32, bf16, int8 (default auto)");
  options.flag("--list-devices", list_devices, "List the devices and stop");
}

std::unique_ptr<graph::Executor> ModelFlags::make_executor() const {
  if (threads < 0 || threads > 1024)
    throw bad_flag("--threads", "an integer from 0 to 1024", std::to_string(threads));
  runtime::BackendOptions options;
  options.threads = threads;
  try {
    options.precision = runtime::precision_named(precision_name());
  } catch (const std::invalid_argument&) {
    throw bad_flag("--precision", "auto, f32, bf16 or int8", "\"" + precision_name() + "\"");
  }
  try {
    return runtime::make_executor(device_name(), options);
  } catch (const graph::DeviceError& error) {
    throw Failure(kUnavailable, std::string("--device: ") + error.what());
  }
}

OpenedModel open_model(const ModelFlags& flags, const LogFlags& log) {
  const auto start = std::chrono::steady_clock::now();
  OpenedModel opened;
  opened.executor = flags.make_executor();
  const auto folder = find_model(flags.model.value_or(kDefaultModel));
  opened.pipeline =
      std::make_unique<generation::Pipeline>(generation::open_model(folder, *opened.executor));
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  char line[64];
  std::snprintf(line, sizeof line, ", opened in %.0f ms", spent.count());
  log.detail("model " + folder.string() + " on " + opened.executor->name() + line);
  return opened;
}

}  // namespace lacuna::tools
