#include <algorithm>
#include <memory>

#include "tools/bench/against_torch.h"
#include "tools/bench/run_bench.h"
#include "tools/lacuna/bench_probes.h"
#include "tools/lacuna/child_process.h"
#include "tools/lacuna/device_table.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {
namespace {

struct BenchVerb {
  std::vector<std::string> suites;
  std::string scale = "large";
  int repeats = 7;
  bool no_model = false;
  bool against_torch = false;
  bool cpu_time = false;
  std::string only;
  bool json = false;
  ModelFlags model;
  LogFlags log;

  bench::Clock clock() const { return cpu_time ? bench::Clock::processor : bench::Clock::wall; }
  bench::BenchOptions options() const;
  ExitCode compare_with_torch() const;
  ExitCode run();
};

bench::BenchOptions BenchVerb::options() const {
  bench::BenchOptions o;
  if (scale != "large" && scale != "shipped")
    throw bad_flag("--scale", "shipped or large", "\"" + scale + "\"");
  o.scale = scale == "large" ? bench::Scale::large : bench::Scale::shipped;
  if (!suites.empty()) o.suites.clear();
  for (const std::string& name : suites) {
    if (name == "model") continue;
    try {
      o.suites.push_back(bench::suite_of(name));
    } catch (const std::invalid_argument& error) {
      throw Failure(kBadValue, "--suite: " + without_function(error.what()) + ", or model");
    }
  }
  if (repeats < 1 || repeats > 1000)
    throw bad_flag("--repeats", "an integer from 1 to 1000", std::to_string(repeats));
  o.repeats = repeats;
  o.threads = model.threads;
  o.clock = clock();
  if (const std::string name = model.precision_name(); name != "auto") {
    std::erase_if(o.precisions, [&](cpu::Precision p) { return cpu::name_of(p) != name; });
    if (o.precisions.empty())
      throw bad_flag("--precision", "auto, f32, bf16 or int8", "\"" + name + "\"");
  }
  if (log.verbose > 0) o.progress = [this](const std::string& name) { log.detail(name); };
  return o;
}

ExitCode BenchVerb::compare_with_torch() const {
  const auto beside = own_executable().parent_path() / "torch_reference";
  const auto program = std::filesystem::exists(beside) ? beside : find_program("torch_reference");
  if (!program) {
    throw Failure(kUnavailable, "--against-torch: there is no program torch_reference beside this one or in PATH; it is "
                                "built where libtorch is found (-DLACUNA_BUILD_TRAINER=ON)");
  }
  bench::TorchOptions options;
  options.threads = model.threads;
  options.repeats = std::min(repeats, 3);
  options.clock = clock();
  options.only = only;
  options.run_torch = [&](const std::vector<std::string>& arguments) { return capture(*program, arguments); };
  options.progress = [this](const std::string& name) { log.detail(name); };
  const bench::TorchReport report = bench::compare_with_torch(options);
  if (json) {
    print_result(bench::to_json(report).dump());
  } else {
    print_bytes(bench::to_table(report));
  }
  return kOk;
}

ExitCode BenchVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  log.check();
  if (against_torch) {
    if (!suites.empty() || model.device_name() == "all") {
      throw Failure(kUsage, "--against-torch excludes --suite and --device all");
    }
    return compare_with_torch();
  }
  if (const std::string device = model.device_name(); device != "auto" && device != "cpu" && device != "reference") {
    if (repeats < 1 || repeats > 1000) throw bad_flag("--repeats", "an integer from 1 to 1000", std::to_string(repeats));
    DeviceTableOptions chosen{device, std::min(repeats, 3), clock(), {}, suites.empty() && !no_model, json};
    for (const std::string& name : suites) {
      constexpr std::string_view kNames[] = {"gemm", "attention", "convolution", "draw"};
      if (name == "model") {
        chosen.with_model = true;
      } else if (std::ranges::find(kNames, name) != std::end(kNames)) {
        chosen.suites.push_back(name);
      } else {
        throw bad_flag("--suite", "gemm, attention, convolution, draw or model with --device " + device, "\"" + name + "\"");
      }
    }
    chosen.with_rates = suites.empty() || !chosen.suites.empty();
    try {
      return print_device_table(chosen, model, log) ? kOk : kInternalError;
    } catch (const graph::DeviceError& error) {
      throw Failure(kUnavailable, "--device: " + without_function(error.what()));
    }
  }
  bench::BenchOptions chosen = options();
  const bool model_alone = chosen.suites.empty();
  const bool wants_model = !no_model && (suites.empty() || model_alone || model.model);
  if (wants_model) {
    try {
      chosen.probes = model_probes(model, log);
    } catch (const Failure& failure) {
      // Without the shipped model the engine can be measured all the same.
      if (failure.code() != kMissingFile || model.model || model_alone) throw;
      log.warn("the model is left out: " + std::string(failure.what()));
    }
  }
  const bench::BenchReport report = bench::run_bench(chosen);
  if (json) {
    print_result(bench::to_json(report).dump());
  } else {
    print_bytes(bench::to_table(report));
  }
  return report.passed() ? kOk : kInternalError;
}

}  // namespace

Action declare_bench(Options& options) {
  const auto verb = std::make_shared<BenchVerb>();
  options.group("What to measure");
  options.value("--suite", "NAME", verb->suites,
                "gemm, attention, convolution, stack (of the processor), draw (of other devices) or model; may be repeated (default all)");
  options.value("--scale", "NAME", verb->scale,
                "Sizes: shipped, or large: 8B-like ones too (default large)");
  options.value("--repeats", "N", verb->repeats, "Timed runs of each case (default 7)");
  options.flag("--no-model", verb->no_model, "The engine alone");
  options.flag("--against-torch", verb->against_torch,
               "One step of MMaDA's kind beside the reference sampler's work in PyTorch (needs torch_reference)");
  options.value("--only", "TEXT", verb->only, "With --against-torch: cases whose name or type contains this");
  options.flag("--cpu-time", verb->cpu_time,
               "Rates by the time that the processor spent, not that on the wall: for a busy machine; of no use for a GPU");
  options.flag("--json", verb->json, "One JSON object instead of a table");
  verb->model.declare(options);
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
