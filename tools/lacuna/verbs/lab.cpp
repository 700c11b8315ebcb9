#include <array>
#include <filesystem>
#include <memory>

#include "runtime/laboratory/control.h"
#include "runtime/laboratory/order.h"
#include "runtime/laboratory/precision.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/output_path.h"
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
  std::optional<std::int64_t> samples, states, length, bits;
  std::int64_t seed = 1;
  bool quick = false;
  bool json = false;
  bool no_model = false;
  ModelFlags model;
  LogFlags log;

  ExitCode run();
  laboratory::ChainOptions chain(laboratory::ChainOptions options) const;
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
  return laboratory::run_precision(options, progress);
}

std::optional<Report> order(LabVerb& verb, const laboratory::Progress& progress) {
  auto options = verb.quick ? laboratory::OrderOptions::quick() : laboratory::OrderOptions{};
  options.chain = verb.chain(options.chain);
  options.samples = verb.sample_count(options.samples);
  options.seed = std::uint64_t(verb.seed);
  return laboratory::run_order(options, progress);
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
  options.flag("--no-model", verb->no_model, "control: the planted chain alone");
  options.group("Results");
  options.value("-o,--output", "FOLDER", verb->output, "Writes EXPERIMENT.csv and EXPERIMENT.svg there");
  options.flag("--json", verb->json, "One JSON object with rows and assertions");
  verb->model.declare(options);
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
