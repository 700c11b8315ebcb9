#include <algorithm>
#include <cmath>
#include <memory>

#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/generated_text.h"
#include "runtime/generation/masked_text.h"
#include "runtime/weights/json.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/interrupt.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/model_finder.h"
#include "tools/lacuna/model_flags.h"
#include "tools/lacuna/sampling_flags.h"
#include "tools/lacuna/verbs/verb_list.h"
#include "tools/lacuna/watch.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;
using evaluation::Evaluation;
using weights::Json;

constexpr const char* kGeneratedText = "gen-ppl";

struct EvalVerb {
  std::string suite = "caption";
  std::optional<std::string> split;
  std::optional<std::string> data, judge;
  int limit = 300;
  bool json = false;
  SamplingFlags sampling;
  ModelFlags model;
  LogFlags log;

  const evaluation::SuiteEntry& entry() const;
  evaluation::SuiteOptions suite_options() const;
  std::string used_split(const fs::path& folder) const;
  void print(const Evaluation& result, const std::string& used_split) const;
  ExitCode run();
  /// The suite gen-ppl: models of text alone have neither pictures nor a pack, and there is a second model.
  ExitCode run_generated_text();
};

/// JSON knows no infinity; equal pictures have an infinite PSNR.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

std::string suite_names() {
  std::string names;
  for (const auto& entry : evaluation::suite_registry())
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names + ", " + kGeneratedText;
}

const evaluation::SuiteEntry& EvalVerb::entry() const {
  for (const auto& entry : evaluation::suite_registry()) {
    if (entry.name == suite) return entry;
  }
  throw bad_flag("--suite", "one of " + suite_names(), "\"" + suite + "\"");
}

evaluation::SuiteOptions EvalVerb::suite_options() const {
  evaluation::SuiteOptions options;
  SamplingFlags flags = sampling;
  // Figures are to be compared, so the seed is fixed where none is given.
  if (flags.seed < 0) flags.seed = 0;
  const bool writes = suite == "caption", draws = suite == "roundtrip";
  options.caption.seed = options.generate.seed = options.infill.seed = std::uint64_t(flags.seed);
  if (writes) options.caption = flags.resolve(options.caption, Draws::text);
  if (draws) options.generate = flags.resolve(options.generate, Draws::image);
  if (!writes && !draws) options.infill = flags.resolve(options.infill, Draws::both);
  return options;
}

std::string EvalVerb::used_split(const fs::path& folder) const {
  if (split) {
    if (*split == "val_cross" || *split == "val_concept" || *split == "train") return *split;
    throw bad_flag("--split", "val_cross, val_concept or train", "\"" + *split + "\"");
  }
  const auto rows = preparation::read_caption_table(folder / "captions.tsv");
  const bool has_cross = std::ranges::any_of(
      rows, [](const auto& row) { return row.split == training::Split::val_cross; });
  // A table without a split column is all "train".
  return has_cross ? "val_cross" : "train";
}

void EvalVerb::print(const Evaluation& r, const std::string& used_split) const {
  Json line = Json::object()
                  .set("suite", r.suite)
                  .set("metric", r.metric)
                  .set("value", number(r.value.value))
                  .set("ci95", Json(Json::Array{number(r.value.low), number(r.value.high)}))
                  .set("baseline", number(r.baseline))
                  .set("baseline_name", r.baseline_name)
                  .set("count", r.count)
                  .set("seconds", r.seconds);
  if (!used_split.empty()) line.set("split", used_split);
  for (const auto& [key, value] : r.remarks) line.set(key, value);
  for (const auto& [key, value] : r.details) line.set(key, number(value));
  if (json) return print_result(line.dump());
  char text[256];
  std::snprintf(text, sizeof text,
                "%s%s: %s %.4g (95 %%: %.4g to %.4g)\nbaseline, %s: %.4g\n%d samples, %.1f s",
                r.suite.c_str(), used_split.empty() ? "" : (" on " + used_split).c_str(), r.metric.c_str(), r.value.value, r.value.low,
                r.value.high, r.baseline_name.c_str(), r.baseline, r.count, r.seconds);
  print_result(text);
  for (const auto& [key, value] : r.details) {
    std::snprintf(text, sizeof text, "%s: %.4g", key.c_str(), value);
    print_result(text);
  }
}

ExitCode EvalVerb::run_generated_text() {
  if (!judge) throw Failure(kUsage, "--suite gen-ppl: expected --judge FOLDER beside it, the model that judges the texts");
  const fs::path folder = find_model(model.model.value_or(kDefaultModel)), judges = find_model(*judge);
  const auto family = generation::open_family(folder);
  Progress progress(log.progress_style(), "eval " + suite);
  const auto callback = [&](int done, int count) {
    progress.update(done, count, count - done);
    return interrupt_signal() ? generation::Continue::no : generation::Continue::yes;
  };
  SamplingFlags flags = sampling;
  if (flags.seed < 0) flags.seed = 0;
  const evaluation::JudgeOptions judging{evaluation::JudgeOptions{}.draws, std::uint64_t(flags.seed)};
  std::optional<Evaluation> result;
  std::string from_split;
  if (!family->tokens().has_images()) {
    if (data || split) throw Failure(kUsage, "--data and --split: this model writes text from nothing and reads no pictures");
    evaluation::WritingOptions writing;
    writing.job = flags.resolve(evaluation::text_defaults(*family), Draws::text);
    writing.length = writing.job.constraints.length;
    writing.job.constraints = {};
    writing.count = limit;
    const auto executor = model.make_executor(log);
    const evaluation::TextJudge second(judges, *executor);
    const evaluation::TextModel writer(folder, *executor);
    const auto texts = evaluation::write_texts(writer, writing, callback);
    if (!texts) return stopped("");
    result = evaluation::evaluate_generated_text(second, writer.pieces, *texts, {}, judging, callback);
  } else {
    const generation::JobOptions job = flags.resolve(generation::caption_defaults(), Draws::text);
    OpenedModel opened = open_model(model, log);
    const evaluation::TextJudge second(judges, *opened.executor);
    const fs::path pack = data ? fs::path(*data) : opened.model().folder / "eval";
    if (!fs::is_directory(pack)) {
      throw Failure(kMissingFile, pack.string() + ": there is no such folder" +
                                      (data ? "" : "; this model brings no evaluation pack, name one with --data"));
    }
    from_split = used_split(pack);
    const auto& tokens = opened.model().family->tokens();
    std::vector<evaluation::WrittenText> texts, truth;
    for (const auto& sample : evaluation::read_samples(pack, from_split, limit, opened.model().picture_size())) {
      const auto captions = opened.pipeline->caption({&sample.picture, 1}, {}, job);
      texts.push_back(evaluation::caption_text(tokens, captions->front().tokens));
      auto ids = generation::encode_masked_text(*opened.model().text, tokens, sample.caption());
      ids.push_back(tokens.end_of_text);
      truth.push_back(evaluation::caption_text(tokens, ids));
      if (interrupt_signal()) return stopped("");
    }
    const auto pieces = evaluation::TextPieces::open(opened.model().folder);
    result = evaluation::evaluate_generated_text(second, pieces, texts, truth, judging, callback);
  }
  progress.finish();
  if (!result) return stopped("");
  print(*result, from_split);
  return kOk;
}

ExitCode EvalVerb::run() {
  if (model.list_devices) {
    print_devices();
    return kOk;
  }
  log.check();
  const bool generated = suite == kGeneratedText;
  if (!generated && (judge || sampling.length)) throw Failure(kUsage, "--judge and --length: expected --suite gen-ppl beside them");
  if (generated && limit < 2) throw bad_flag("--limit", "an integer >= 2 (texts)", std::to_string(limit));
  if (generated) {
    catch_interrupts();
    return run_generated_text();
  }
  const auto& chosen = entry();
  const evaluation::SuiteOptions options = suite_options();
  if (limit < 0) throw bad_flag("--limit", "an integer >= 0 (0 = all)", std::to_string(limit));
  catch_interrupts();
  OpenedModel opened = open_model(model, log);
  const fs::path pack = opened.model().folder / "eval";
  const fs::path folder = data ? fs::path(*data) : pack;
  if (!fs::is_directory(folder)) {
    throw Failure(kMissingFile,
                  folder.string() + ": there is no such folder" +
                      (data ? "" : "; this model brings no evaluation pack, name one with --data"));
  }
  const bool own_tiles = fs::exists(folder / "train_thumbnails.png");
  const auto neighbours = evaluation::NearestNeighbour::open(own_tiles ? folder : pack);
  const std::string from_split = used_split(folder);
  const auto samples =
      evaluation::read_samples(folder, from_split, limit, opened.model().picture_size());
  Progress progress(log.progress_style(), "eval " + suite);
  const auto result =
      chosen.run(*opened.pipeline, neighbours, samples, options, [&](int done, int count) {
        progress.update(done, count, count - done);
        return interrupt_signal() ? generation::Continue::no : generation::Continue::yes;
      });
  progress.finish();
  if (!result) return stopped("");
  print(*result, from_split);
  return kOk;
}

}  // namespace

Action declare_eval(Options& options) {
  const auto verb = std::make_shared<EvalVerb>();
  options.group("What to measure");
  options.value("--suite", "NAME", verb->suite, suite_names() + " (default caption)");
  options.value("--split", "NAME", verb->split,
                "val_cross (known things in new styles), val_concept (new things) or train "
                "(default val_cross)");
  options.value("--limit", "N", verb->limit,
                "Pictures at most, spread evenly; 0 = all; gen-ppl of a model of text: texts (default 300)");
  options.value("--data", "FOLDER", verb->data,
                "Pictures with a captions.tsv (columns file and label at least) instead of the "
                "model's own pack");
  options.value("--judge", "FOLDER", verb->judge,
                "gen-ppl: the model that judges, of text alone or with pictures; autoregressive ones give the exact "
                "perplexity, masked ones a bound");
  options.value("--length", "N", verb->sampling.length, "gen-ppl: tokens of a text (default what the model was trained with)");
  options.flag("--json", verb->json, "One JSON object: value, baseline, ci95, count, seconds");
  verb->sampling.declare(options, generation::caption_defaults(), Draws::text);
  verb->model.declare(options);
  verb->log.declare(options);
  return [verb] { return verb->run(); };
}

}  // namespace lacuna::tools
