// lacuna-train: trains the image tokenizer and the denoiser, and turns pictures into codes between the two.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include <unistd.h>

#include "fusion/graph/executor.h"
#include "fusion/training/denoiser_trainer.h"
#include "fusion/training/encode.h"
#include "fusion/training/export_model.h"
#include "fusion/training/text_trainer.h"
#include "fusion/training/trainer.h"
#include "fusion/training/vq_trainer.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"

namespace {

using namespace lacuna::training;

enum ExitCode { kOk = 0, kInternal = 1, kUsage = 2, kBadValue = 64, kBadData = 65, kMissing = 66, kUnavailable = 69,
                kInputOutput = 74, kInterrupted = 130, kTerminated = 143 };

constexpr const char* kHelp =
    "lacuna-train VERB [--config FILE.toml] [--NAME VALUE | --NAME=VALUE | --set NAME=VALUE]...\n"
    "\n"
    "  vq        train the image tokenizer on pixel shards\n"
    "  encode    turn pixel shards into token shards with a trained image tokenizer\n"
    "  denoiser  train the denoiser on token shards, or on text alone\n"
    "  export    rewrite a model folder with another number format or shard size\n"
    "  help      this; `lacuna-train VERB --help` lists the settings of a verb\n"
    "  version   print the version\n"
    "\n"
    "Settings come from defaults, then flags and --config files from left to right. Several processes train\n"
    "together when they are started with torchrun's variables RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.\n"
    "Exit codes: 0 ok, 2 usage, 64 bad value, 65 bad data or a loss that is no number, 66 missing file,\n"
    "69 device or memory, 74 disk, 130 and 143 stopped by a signal (a checkpoint is written first).\n";

volatile std::sig_atomic_t caught_signal = 0;

void on_signal(int number) {
  // The second one ends the process: whoever sends it does not want to wait for a checkpoint.
  if (caught_signal != 0) std::_Exit(128 + number);
  caught_signal = number;
}

/// Lines on stderr; a progress line is replaced by the next where a person watches.
class Terminal {
 public:
  void report(const std::string& line) {
    finish_line();
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  void progress(const std::string& line) {
    if (!is_terminal_) {
      std::fprintf(stderr, "%s\n", line.c_str());
      return;
    }
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    open_ = true;
  }
  void finish_line() {
    if (open_) std::fputc('\n', stderr);
    open_ = false;
  }

 private:
  bool is_terminal_ = ::isatty(2) != 0;
  bool open_ = false;
};

int number_from(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

RankOptions ranks_from_environment() {
  RankOptions options;
  options.rank = number_from("RANK", 0);
  options.size = number_from("WORLD_SIZE", 1);
  options.local_rank = number_from("LOCAL_RANK", 0);
  options.master_port = number_from("MASTER_PORT", options.master_port);
  if (const char* address = std::getenv("MASTER_ADDR")) options.master_address = address;
  if (options.size < 1 || options.rank < 0 || options.rank >= options.size) {
    throw OptionError("RANK and WORLD_SIZE: expected 0 <= RANK < WORLD_SIZE");
  }
  return options;
}

void require(const std::string& value, const char* flag) {
  if (value.empty()) throw OptionError(std::string("--") + flag + ": expected a folder; it has no default");
}

/// Fills the table from the arguments; true when --help was asked for and printed.
bool parse(OptionTable& table, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument != "--help" && argument != "-h") continue;
    std::fputs(table.help().c_str(), stdout);
    return true;
  }
  table.apply_flags(arguments);
  return false;
}

using MakeTask = std::function<std::unique_ptr<TrainTask>(const TrainOptions&, at::Device)>;

int run_training(const OptionTable& table, const TrainOptions& options, const MakeTask& make_task) {
  const RankOptions rank_options = ranks_from_environment();
  const at::Device device = choose_device(options.device, rank_options.local_rank);
  Ranks ranks(rank_options);
  Terminal terminal;
  TrainHooks hooks;
  hooks.settings = table.to_toml();
  if (ranks.is_first()) {
    hooks.report = [&](const std::string& line) { terminal.report(line); };
    hooks.progress = [&](const std::string& line) { terminal.progress(line); };
  }
  hooks.stop_requested = [] { return caught_signal != 0; };
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const auto task = make_task(options, device);
  const TrainOutcome outcome = train(*task, options, device, ranks, hooks);
  hooks.report(outcome.finished ? "finished after " + std::to_string(outcome.steps) + " steps"
                                : "stopped after " + std::to_string(outcome.steps) +
                                      " steps; go on with --resume-from-checkpoint latest");
  if (!outcome.stopped) return kOk;
  return caught_signal == SIGTERM ? kTerminated : kInterrupted;
}

int run_vq(const std::vector<std::string>& arguments) {
  TrainOptions options;
  options.output_dir = "run-vq";
  options.adam_weight_decay = 0.0;
  VqTrainOptions vq;
  OptionTable table;
  describe(table, options);
  vq.describe(table);
  if (parse(table, arguments)) return kOk;
  require(vq.data, "data");
  return run_training(table, options, [&](const TrainOptions& train, at::Device device) {
    return std::make_unique<VqTask>(vq, train, ShardSet::open(vq.data), device);
  });
}

int run_denoiser(const std::vector<std::string>& arguments) {
  TrainOptions options;
  options.output_dir = "run-denoiser";
  DenoiserTrainOptions denoiser;
  OptionTable table;
  describe(table, options);
  denoiser.describe(table);
  if (parse(table, arguments)) return kOk;
  if (!denoiser.text.empty()) {
    if (!denoiser.data.empty()) throw OptionError("--text: expected no --data beside it");
    return run_training(table, options, [&](const TrainOptions& train, at::Device device) {
      return std::make_unique<TextTask>(denoiser, train, device);
    });
  }
  require(denoiser.data, "data");
  return run_training(table, options, [&](const TrainOptions& train, at::Device device) {
    return std::make_unique<DenoiserTask>(denoiser, train, ShardSet::open(denoiser.data), device);
  });
}

int run_encode(const std::vector<std::string>& arguments) {
  EncodeOptions options;
  OptionTable table;
  options.describe(table);
  if (parse(table, arguments)) return kOk;
  require(options.data, "data");
  require(options.tokenizer, "tokenizer");
  require(options.output_dir, "output-dir");
  Terminal terminal;
  encode_shards(options, choose_device(options.device, 0), [&](const std::string& line) { terminal.progress(line); });
  terminal.finish_line();
  return kOk;
}

int run_export(const std::vector<std::string>& arguments) {
  std::string from, to;
  ExportOptions options;
  OptionTable table;
  table.section("export");
  table.add("model", from, "model folder to read");
  table.add("output-dir", to, "folder to write");
  table.add("dtype", options.dtype, "number format of matrices", {"f32", "bf16", "int8"});
  table.add("shard-size-mb", options.shard_size_mb, {0, 1e6}, "largest weights file; 0 = one file");
  if (parse(table, arguments)) return kOk;
  require(from, "model");
  require(to, "output-dir");
  convert_model_folder(from, to, options);
  return kOk;
}

int dispatch(const std::string& verb, const std::vector<std::string>& arguments) {
  if (verb == "vq") return run_vq(arguments);
  if (verb == "encode") return run_encode(arguments);
  if (verb == "denoiser") return run_denoiser(arguments);
  if (verb == "export") return run_export(arguments);
  if (verb == "help" || verb == "--help" || verb == "-h") {
    std::fputs(kHelp, stdout);
    return kOk;
  }
  if (verb == "version" || verb == "--version") {
    std::puts("lacuna-train " LACUNA_VERSION);
    return kOk;
  }
  std::fprintf(stderr, "lacuna-train: %s\n%s", verb.empty() ? "expected a verb" : ("unknown verb \"" + verb + "\"").c_str(),
               kHelp);
  return kUsage;
}

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "lacuna-train: %s\n", message.c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
  try {
    return dispatch(verb, arguments);
  } catch (const OptionError& error) {
    return fail(kBadValue, error.what());
  } catch (const TrainingDiverged& error) {
    return fail(kBadData, error.what());
  } catch (const lacuna::weights::CheckpointError& error) {
    return fail(kBadData, error.what());
  } catch (const lacuna::weights::IoError& error) {
    return fail(error.error() == ENOENT ? kMissing : kInputOutput, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(kInputOutput, error.what());
  } catch (const lacuna::graph::DeviceError& error) {
    return fail(kUnavailable, error.what());
  } catch (const std::invalid_argument& error) {
    return fail(kBadValue, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kUnavailable, "out of memory; lower --train-batch-size or --batch-size");
  } catch (const std::exception& error) {
    const std::string message = error.what();
    if (message.find("out of memory") != std::string::npos) return fail(kUnavailable, message);
    return fail(kInternal, message);
  }
}
