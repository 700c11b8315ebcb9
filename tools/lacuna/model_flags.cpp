#include "tools/lacuna/model_flags.h"

#include <chrono>
#include <cstdio>

#include "tools/lacuna/automatic_device.h"
#include "tools/lacuna/cache_folder.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/model_finder.h"
#include "tools/lacuna/system_info.h"

namespace lacuna::tools {

OpenedModel open_model_with(std::unique_ptr<graph::Executor> executor, const ModelFlags& flags, const LogFlags& log,
                            samplers::Fidelity fidelity) {
  const auto start = std::chrono::steady_clock::now();
  OpenedModel opened;
  opened.began = start;
  opened.executor = std::move(executor);
  opened.fidelity = fidelity;
  const auto folder = find_model(flags.model.value_or(kDefaultModel));
  opened.pipeline =
      std::make_unique<generation::Pipeline>(generation::open_model(folder, *opened.executor, fidelity, flags.tokenizer.value_or("")));
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  char line[64];
  std::snprintf(line, sizeof line, ", opened in %.0f ms", spent.count());
  log.detail("model " + folder.string() + " on " + opened.executor->name() + line);
  return opened;
}

void ModelFlags::declare(Options& options) {
  options.group("Model and device");
  options.value("-m,--model", "PATH", model,
                std::string("Model folder, or the name of one (default ") + kDefaultModel + ")");
  declare_device(options);
}

void ModelFlags::declare_tokenizer(Options& options) {
  options.group("Model and device");
  options.value("--tokenizer", "PATH", tokenizer,
                "The text tokenizer, where the model's folder has none: tokenizer.json, tokenizer.model or their folder");
}

void ModelFlags::declare_device(Options& options) {
  std::string names;
  for (const auto& backend : runtime::backend_registry()) names += ", " + std::string(backend.name);
  options.group("Model and device");
  options.value("--device", "NAME", device,
                "auto" + names + ", an id such as vulkan:0, or a part of a device's name; auto takes the faster for "
                "the model; see lacuna devices (default auto)");
  options.value("--fallback", "NAME", fallback,
                "Who goes on when the device fails twice, has too little memory or cannot be opened: none or cpu "
                "(default cpu with --device auto, else none)");
  options.value("-t,--threads", "N", threads, "Threads; 0 = all processors (default 0)");
  options.value("--precision", "TYPE", precision,
                "Of large products: auto, f32, bf16, int8 (default auto)");
  options.flag("--list-devices", list_devices, "List the devices and stop");
}

bool ModelFlags::falls_back() const {
  try {
    if (fallback) return runtime::fallback_named(*fallback) == runtime::Fallback::cpu;
  } catch (const std::invalid_argument&) {
    throw bad_flag("--fallback", "none or cpu", "\"" + *fallback + "\"");
  }
  return device_name() == "auto";
}

runtime::BackendOptions ModelFlags::backend_options(const LogFlags& log) const {
  if (threads < 0 || threads > 1024)
    throw bad_flag("--threads", "an integer from 0 to 1024", std::to_string(threads));
  runtime::BackendOptions options;
  options.threads = threads;
  options.fallback = falls_back() ? runtime::Fallback::cpu : runtime::Fallback::none;
  options.cache_folder = cache_folder();
  options.on_warning = [log](const std::string& line) { log.warn(without_function(line)); };
  options.stop = [] { return interrupt_signal() != 0; };
  try {
    options.precision = runtime::precision_named(precision_name());
  } catch (const std::invalid_argument&) {
    throw bad_flag("--precision", "auto, f32, bf16 or int8", "\"" + precision_name() + "\"");
  }
  return options;
}

std::unique_ptr<graph::Executor> ModelFlags::make_executor_on(const std::string& name, const LogFlags& log) const {
  return runtime::make_executor(name, backend_options(log));
}

std::unique_ptr<graph::Executor> ModelFlags::make_executor(const LogFlags& log) const {
  try {
    return make_executor_on(device_name(), log);
  } catch (const graph::DeviceError& error) {
    const std::string why = without_function(error.what());
    if (!falls_back() || device_name() == "auto") throw Failure(kUnavailable, "--device: " + why);
    log.warn("--device: " + why + "; the processor takes over (--fallback cpu)");
  }
  return make_executor_on("cpu", log);
}

OpenedModel open_model_on(const std::string& device, const ModelFlags& flags, const LogFlags& log,
                          samplers::Fidelity fidelity) {
  return open_model_with(flags.make_executor_on(device, log), flags, log, fidelity);
}

void log_work(const OpenedModel& opened, const LogFlags& log) {
  const generation::Denoiser& denoiser = *opened.model().denoiser;
  if (const auto first = denoiser.first_began()) {
    const std::chrono::duration<double, std::milli> waited = *first - opened.began;
    char line[160];
    std::snprintf(line, sizeof line, "%lld passes, %.3f TFLOP; the first began %.0f ms after the model was asked for",
                  static_cast<long long>(denoiser.passes()), denoiser.flops() * 1e-12, waited.count());
    log.detail(line);
  }
  log.detail("peak memory " + mebibytes(double(peak_memory())));
}

OpenedModel open_model(const ModelFlags& flags, const LogFlags& log, samplers::Fidelity fidelity) {
  if (flags.device_name() == "auto") {
    const auto devices = runtime::automatic_devices();
    if (devices.size() > 1) return open_on_the_fastest(devices, flags, log, fidelity);
  }
  return open_model_with(flags.make_executor(log), flags, log, fidelity);
}

}  // namespace lacuna::tools
