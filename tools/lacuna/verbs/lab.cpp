#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>

#include "runtime/laboratory/control.h"
#include "runtime/laboratory/order.h"
#include "runtime/laboratory/model_order.h"
#include "runtime/laboratory/precision.h"
#include "runtime/laboratory/relatives.h"
#include "runtime/laboratory/text_model_precision.h"
#include "runtime/laboratory/time_input.h"
#include "runtime/samplers/sampler_registry.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/json.h"
#include "runtime/weights/mapped_file.h"
#include "tools/lacuna/child_process.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/output_path.h"
#include "tools/lacuna/trainer_program.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;
using laboratory::Report;
using weights::Json;

constexpr std::int64_t kMostSamples = 100'000;

struct LabVerb {
  std::vector<std::string> experiments;
  std::optional<std::string> output;
  std::optional<std::int64_t> samples, states, length, bits, train_steps;
  std::optional<std::string> text, runs, text_model, judge, split, drawn;
  std::vector<std::string> samplers;
  bool with_model = false;
  std::int64_t seed = 1;
  bool quick = false;
  bool json = false;
  bool no_model = false;
  ModelFlags model;
  LogFlags log;

  ExitCode run();
  laboratory::ChainOptions chain(laboratory::ChainOptions options) const;
  std::optional<Report> trained(laboratory::TextTrainingOptions& training,
                                const std::function<std::optional<Report>(const laboratory::Trainer&)>& run);
  int sample_count(int otherwise) const;
  void write(const Report& report) const;
  void print(const Report& report) const;
};

using Experiment = std::optional<Report> (*)(LabVerb&, const laboratory::Progress&);

std::optional<Report> precision(LabVerb& verb, const laboratory::Progress& progress) {
  auto options = verb.quick ? laboratory::PrecisionOptions::quick() : laboratory::PrecisionOptions{};
  options.chain = verb.chain(options.chain);
  options.samples = verb.sample_count(options.samples);
  options.seed = std::uint64_t(verb.seed);
  if (verb.bits) {
    if (*verb.bits < 4 || *verb.bits > 32) {
      throw bad_flag("--bits", "an integer from 4 to 32 (24 = float32)", std::to_string(*verb.bits));
    }
    options.bits = int(*verb.bits);
  }
  if (!verb.text_model && !verb.judge) return laboratory::run_precision(options, progress);
  if (!verb.text_model || !verb.judge) throw Failure(kUsage, "--text-model and --judge: expected both of them or neither");
  laboratory::TextPrecisionOptions trained;
  trained.model = *verb.text_model;
  trained.judge = *verb.judge;
  trained.bits = options.bits;
  trained.seed = options.seed;
  if (verb.quick) trained.steps = {8, 64, 512};
  if (verb.samples) trained.samples = verb.sample_count(0);
  const auto executor = verb.model.make_executor(verb.log);
  return laboratory::run_text_precision(trained, *executor, progress);
}

std::optional<Report> order(LabVerb& verb, const laboratory::Progress& progress) {
  auto options = verb.quick ? laboratory::OrderOptions::quick() : laboratory::OrderOptions{};
  options.seed = std::uint64_t(verb.seed);
  if (!verb.with_model) {
    if (!verb.samplers.empty() || verb.split || verb.drawn) {
      throw Failure(kUsage, "--sampler, --split and --drawn: expected --with-model beside them");
    }
    options.chain = verb.chain(options.chain);
    options.samples = verb.sample_count(options.samples);
    return laboratory::run_order(options, progress);
  }
  laboratory::ModelOrderOptions on_model;
  on_model.seed = options.seed;
  on_model.samplers = verb.samplers;
  for (const std::string& name : verb.samplers) {
    const auto names = samplers::sampler_registry();
    if (std::ranges::find(names, name, &samplers::SamplerEntry::name) == names.end()) {
      throw bad_flag("--sampler", "a sampler of lacuna caption --help", "\"" + name + "\"");
    }
  }
  if (verb.split) {
    if (*verb.split != "val_cross" && *verb.split != "val_concept" && *verb.split != "train") {
      throw bad_flag("--split", "val_cross, val_concept or train", "\"" + *verb.split + "\"");
    }
    on_model.split = *verb.split;
  }
  if (verb.drawn) {
    if (*verb.drawn != "captions" && *verb.drawn != "pictures") throw bad_flag("--drawn", "captions or pictures", "\"" + *verb.drawn + "\"");
    on_model.drawn = {*verb.drawn == "captions" ? fusion::Modality::text : fusion::Modality::image};
  }
  if (verb.quick) on_model = laboratory::ModelOrderOptions::quick(on_model);
  if (verb.samples) {
    if (*verb.samples < 2 || *verb.samples > 10'000) {
      throw bad_flag("--samples", "an integer from 2 to 10000 with --with-model", std::to_string(*verb.samples));
    }
    on_model.samples = int(*verb.samples);
  }
  OpenedModel opened = open_model(verb.model, verb.log);
  return laboratory::run_model_order(on_model, *opened.pipeline, progress);
}

std::optional<Report> time_input(LabVerb& verb, const laboratory::Progress& progress) {
  auto options = verb.quick ? laboratory::TimeOptions::quick() : laboratory::TimeOptions{};
  return verb.trained(options.training,
                      [&](const laboratory::Trainer& trainer) { return laboratory::run_time(options, trainer, progress); });
}

std::optional<Report> relatives(LabVerb& verb, const laboratory::Progress& progress) {
  auto options = verb.quick ? laboratory::RelativesOptions::quick() : laboratory::RelativesOptions{};
  return verb.trained(options.training, [&](const laboratory::Trainer& trainer) {
    return laboratory::run_relatives(options, trainer, progress);
  });
}

std::optional<Report> control(LabVerb& verb, const laboratory::Progress& progress) {
  auto options = verb.quick ? laboratory::ControlOptions::quick() : laboratory::ControlOptions{};
  options.chain = verb.chain(options.chain);
  options.samples = verb.sample_count(options.samples);
  options.seed = std::uint64_t(verb.seed);
  if (verb.no_model) return laboratory::run_control(options, nullptr, progress);
  OpenedModel opened = open_model(verb.model, verb.log);
  return laboratory::run_control(options, opened.pipeline.get(), progress);
}

struct Entry {
  std::string_view name;
  std::string_view summary;
  Experiment run;
};

constexpr std::array kExperiments{
    Entry{"precision", "what 32-bit Gumbel draws do to perplexity and diversity", precision},
    Entry{"order", "quality against calls of the network for every sampler", order},
    Entry{"control", "hard constraints and self-correction, with success rates", control},
    Entry{"time", "a denoiser with and without a time input, trained on the same data", time_input},
    Entry{"relatives", "autoregressive, any-order and diffusion training of one graph in one table", relatives},
};

std::string experiment_names() {
  std::string names;
  for (const Entry& entry : kExperiments) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

laboratory::ChainOptions LabVerb::chain(laboratory::ChainOptions options) const {
  const auto set = [](const std::optional<std::int64_t>& value, const char* flag, int& target) {
    if (!value) return;
    if (*value < 4 || *value > 256) throw bad_flag(flag, "an integer from 4 to 256", std::to_string(*value));
    target = int(*value);
  };
  set(states, "--states", options.states);
  set(length, "--length", options.length);
  return options;
}

/// A folder of its own that goes when it is done with.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "lacuna-lab-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw Failure(kInputOutput, name + ": cannot be made: " + std::strerror(errno));
    path_ = name;
  }
  TemporaryFolder(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The last lines of a log.
std::string tail_of(const fs::path& log) {
  constexpr std::size_t kShown = 600;
  std::string text = weights::read_regular_file(log, 64 << 20);
  return text.size() > kShown ? text.substr(text.size() - kShown) : text;
}

std::optional<Report> LabVerb::trained(laboratory::TextTrainingOptions& training,
                                       const std::function<std::optional<Report>(const laboratory::Trainer&)>& run) {
  training.chain.states = chain(training.chain).states;
  if (length) training.text_length = chain(training.chain).length;
  training.chain.length = training.text_length;
  training.seed = std::uint64_t(seed);
  if (samples) training.written_texts = sample_count(0);
  if (train_steps) {
    if (*train_steps < 20 || *train_steps > 10'000'000) {
      throw bad_flag("--train-steps", "an integer from 20 to 10000000", std::to_string(*train_steps));
    }
    training.steps = int(*train_steps);
  }
  if (text) {
    if (!fs::exists(*text)) throw Failure(kMissingFile, *text + ": there is no such file or folder");
    training.text = *text;
  }
  training.validate();
  const fs::path program = trainer_program();
  std::optional<TemporaryFolder> temporary;
  if (runs) {
    std::error_code error;
    fs::create_directories(*runs, error);
    if (error) throw Failure(kInputOutput, *runs + ": cannot be made: " + error.message());
    training.folder = *runs;
  } else {
    training.folder = temporary.emplace().path();
  }
  const fs::path trainer_log = training.folder / "lacuna-train.log";
  fs::remove(trainer_log);
  const int threads = model.threads;
  return run([&](std::vector<std::string> arguments) {
    if (threads > 0) arguments.insert(arguments.end(), {"--threads", std::to_string(threads)});
    const auto status = run_to_end(program, arguments, trainer_log, [] { return interrupt_signal() != 0; });
    if (!status) return false;
    if (*status != 0) {
      throw Failure(kBadData, "lacuna-train ended with status " + std::to_string(*status) + ":\n" + tail_of(trainer_log));
    }
    return true;
  });
}

int LabVerb::sample_count(int otherwise) const {
  if (!samples) return otherwise;
  if (*samples < 10 || *samples > kMostSamples) {
    throw bad_flag("--samples", "an integer from 10 to " + std::to_string(kMostSamples), std::to_string(*samples));
  }
  return int(*samples);
}

Json to_json(const laboratory::Cell& cell) {
  return cell.is_number ? Json(cell.number) : Json(cell.words);
}

Json to_json(const Report& report) {
  Json settings = Json::object(), rows = Json::array(), assertions = Json::object(), evidence = Json::object();
  for (const auto& [name, value] : report.settings) settings.set(name, to_json(value));
  for (const auto& row : report.rows) {
    Json object = Json::object();
    for (std::size_t c = 0; c < row.size(); ++c) object.set(report.columns[c], to_json(row[c]));
    rows.push_back(std::move(object));
  }
  for (const auto& assertion : report.assertions) {
    assertions.set(assertion.name, assertion.holds);
    evidence.set(assertion.name, assertion.evidence);
  }
  return Json::object()
      .set("experiment", report.experiment)
      .set("settings", std::move(settings))
      .set("rows", std::move(rows))
      .set("assertions", std::move(assertions))
      .set("evidence", std::move(evidence))
      .set("seconds", report.seconds);
}

void LabVerb::write(const Report& report) const {
  if (!output) return;
  const fs::path base = fs::path(*output) / report.experiment;
  weights::write_file_atomic(base.string() + ".csv", std::string_view(laboratory::to_csv(report)));
  weights::write_file_atomic(base.string() + ".svg", std::string_view(laboratory::to_svg(report.plots)));
  log.info("wrote " + base.string() + ".csv and .svg");
}

void LabVerb::print(const Report& report) const {
  if (json) return print_result(to_json(report).dump());
  print_bytes(laboratory::to_text(report));
  for (const auto& assertion : report.assertions) {
    print_result(std::string(assertion.holds ? "holds  " : "FAILS  ") + assertion.name + ": " + assertion.evidence);
  }
}

ExitCode LabVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  log.check();
  if (experiments.size() != 1) throw Failure(kUsage, "name one experiment: " + experiment_names());
  const auto entry = std::ranges::find(kExperiments, experiments[0], &Entry::name);
  if (entry == kExperiments.end()) {
    throw Failure(kUsage, "expected one of " + experiment_names() + ", got \"" + experiments[0] + "\"");
  }
  if (seed < 0) throw bad_flag("--seed", "an integer >= 0", std::to_string(seed));
  if (output) {
    if (!fs::is_directory(*output)) throw Failure(kMissingFile, *output + ": there is no such folder");
    check_writable((fs::path(*output) / (experiments[0] + ".csv")).string());
  }
  catch_interrupts();
  Progress progress(log.progress_style(), "lab " + experiments[0]);
  const auto report = entry->run(*this, [&](int done, int count) {
    progress.update(done, count, count - done);
    return interrupt_signal() == 0;
  });
  progress.finish();
  if (!report) return stopped("");
  write(*report);
  print(*report);
  // A claim that does not hold is a failure that a script notices.
  return report->all_hold() ? kOk : kBadData;
}

}  // namespace

Action declare_lab(Options& options) {
  const auto verb = std::make_shared<LabVerb>();
  options.positional("EXPERIMENT", verb->experiments, experiment_names());
  options.group("Experiment");
  options.flag("--quick", verb->quick, "A small size: under a minute");
  options.value("-s,--seed", "N", verb->seed, "Start of the random numbers (default 1)");
  options.value("--samples", "N", verb->samples, "Sequences for each figure");
  options.value("--states", "N", verb->states, "States of the planted chain");
  options.value("--length", "N", verb->length, "Positions of the planted chain");
  options.value("--bits", "N", verb->bits, "precision: bits of the coarse uniforms; 24 = float32 (default 14)");
  options.value("--text", "FILE", verb->text, "time, relatives: a text file or a folder of shards to train on; without it, the letters of a planted chain");
  options.value("--train-steps", "N", verb->train_steps, "time, relatives: steps of each training run");
  options.value("--runs", "FOLDER", verb->runs, "time, relatives: keeps the trained models there");
  options.value("--text-model", "FOLDER", verb->text_model, "precision: a trained masked model of text in place of the chain");
  options.value("--judge", "FOLDER", verb->judge, "precision: an autoregressive model of the same text, for Gen-PPL");
  options.flag("--with-model", verb->with_model, "order: captions and pictures of the model in place of the chain");
  options.value("--sampler", "NAME", verb->samplers, "order --with-model: this sampler beside the default and no other; can be repeated");
  options.value("--split", "NAME", verb->split, "order --with-model: val_cross, val_concept or train (default val_cross)");
  options.value("--drawn", "WHAT", verb->drawn, "order --with-model: captions or pictures alone");
  options.flag("--no-model", verb->no_model, "control: the planted chain alone");
  options.group("Results");
  options.value("-o,--output", "FOLDER", verb->output, "Writes EXPERIMENT.csv and EXPERIMENT.svg there");
  options.flag("--json", verb->json, "One JSON object with rows and assertions");
  verb->model.declare(options);
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
