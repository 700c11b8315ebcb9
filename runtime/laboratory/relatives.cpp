#include "runtime/laboratory/relatives.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "runtime/laboratory/show.h"

namespace lacuna::laboratory {
namespace {

/// A model of the table.
struct Relative {
  const char* name;
  const char* objective;
  const char* measure;              // what its bits are
  std::vector<std::string> more = {};
};

const std::vector<Relative>& relatives() {
  static const std::vector<Relative> list{
      {"autoregressive", "ar", "exact"},
      {"multi-token (4 ahead)", "multi-token", "exact, 4 at once"},
      {"any-order", "any-order", "exact for random orders"},
      {"masked diffusion", "mdm-token", "bound"},
      {"MaskGIT's weights", "maskgit", "bound"},
      {"uniform diffusion", "d3pm-uniform", "bound", {"--time-input"}},
  };
  return list;
}

constexpr const char* kAdapted = "adapted (AR, then masked)";

struct Entry {
  std::string name, objective, measure;
  TextRun run;
};

const Entry* find(const std::vector<Entry>& entries, std::string_view name) {
  const auto it = std::ranges::find(entries, name, &Entry::name);
  return it == entries.end() ? nullptr : &*it;
}

Plot scatter(const std::vector<Entry>& entries, const std::optional<double>& floor, const std::string& caption) {
  Plot plot;
  plot.title = "Autoregressive relatives: one graph, one text, the same steps";
  plot.x_label = "tokens written a second (nothing cached)";
  plot.y_label = "held-out text (bits a token)";
  plot.x_axis = Axis::logarithmic;
  for (const Entry& entry : entries) {
    PlotSeries series{entry.name, {}, false};
    for (const Writing& writing : entry.run.written) {
      series.points.push_back({writing.tokens_per_second, entry.run.bits, entry.run.error, show("%d calls", writing.calls)});
    }
    plot.series.push_back(std::move(series));
  }
  if (floor) {
    plot.reference_name = "the text's own entropy";
    plot.reference = *floor;
  }
  plot.caption = caption;
  return plot;
}

}  // namespace

RelativesOptions RelativesOptions::quick() {
  RelativesOptions options;
  options.training.width = 64;
  options.training.layers = 2;
  options.training.heads = 2;
  options.training.steps = 160;
  options.training.batch = 16;
  options.training.validation_windows = 100;
  options.training.written_texts = 16;
  return options;
}

std::optional<Report> run_relatives(const RelativesOptions& options, const Trainer& trainer, const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  const TextTrainingOptions& training = options.training;
  const ExperimentText text = experiment_text(training);
  const std::string judge = (training.folder / "ar" / "model").string();
  std::vector<Entry> entries;
  const int count = int(relatives().size()) + 2;
  int done = 0;
  const auto train = [&](const std::string& folder, const std::string& objective, int steps,
                         const std::vector<std::string>& more) -> std::optional<TextRun> {
    if (progress && !progress(done++, count)) return {};
    const auto output = training.folder / folder;
    std::filesystem::remove_all(output);
    auto arguments = training.arguments(text.file, output);
    const std::string last = std::to_string(steps);
    for (const std::string& argument : {std::string("--objective"), objective, std::string("--seed"),
                                        std::to_string(training.seed), std::string("--max-train-steps"), last,
                                        std::string("--validation-steps"), last}) {
      arguments.push_back(argument);
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    if (!trainer(arguments)) return {};
    return read_text_run(output, steps, training.text_length);
  };
  for (const Relative& relative : relatives()) {
    std::vector<std::string> more = relative.more;
    // The judge has to know what it judges: it judges its own texts too.
    if (!entries.empty()) more.insert(more.end(), {"--judge", judge});
    auto run = train(relative.objective, relative.objective, training.steps, more);
    if (!run) return {};
    entries.push_back({relative.name, relative.objective, relative.measure, std::move(*run)});
  }
  // The same budget in two halves.
  const int half = training.steps / 2;
  if (!train("adapted-from", "ar", half, {"--sample-count", "0"})) return {};
  auto adapted = train("adapted", "mdm-token", training.steps - half,
                       {"--init-from", (training.folder / "adapted-from" / "model").string(), "--logit-shift",
                        "--attention-annealing-steps", std::to_string(std::max(1, half / 2)), "--judge", judge});
  if (!adapted) return {};
  entries.push_back({kAdapted, "mdm-token", "bound", std::move(*adapted)});
  if (progress) progress(count, count);

  Report report;
  report.experiment = "relatives";
  report.settings = {{"text", training.text.empty() ? "planted" : training.text.string()},
                     {"length", training.text_length}, {"width", training.width}, {"layers", training.layers},
                     {"steps", training.steps},        {"batch", training.batch}, {"seed", double(training.seed)}};
  if (text.floor) report.settings.emplace_back("planted_bits", *text.floor);
  report.columns = {"model",           "objective", "bits_per_token",    "bits_error", "measure", "trained_tokens_per_second",
                    "calls_per_text", "tokens_per_second", "gen_ppl",    "unigram_entropy"};
  for (const Entry& entry : entries) {
    for (const Writing& writing : entry.run.written) {
      report.rows.push_back({entry.name, entry.objective, entry.run.bits, entry.run.error, entry.measure,
                             entry.run.training_tokens_per_second, writing.calls, writing.tokens_per_second,
                             writing.gen_ppl ? Cell(*writing.gen_ppl) : Cell("itself"), writing.unigram_entropy});
    }
  }
  const Entry &ar = *find(entries, "autoregressive"), &masked = *find(entries, "masked diffusion"),
              &any = *find(entries, "any-order"), &ahead = *find(entries, "multi-token (4 ahead)"),
              &uniform = *find(entries, "uniform diffusion");
  report.assertions = {
      {"left_to_right_has_the_fewest_bits", std::ranges::all_of(entries, [&](const Entry& e) {
         return ar.run.bits <= e.run.bits + 2 * (ar.run.error + e.run.error);
       }), show("autoregressive %.3f, masked %.3f, any order %.3f bits a token", ar.run.bits, masked.run.bits, any.run.bits)},
      {"uniform_does_not_beat_absorbing", masked.run.bits < uniform.run.bits + 2 * std::hypot(masked.run.error, uniform.run.error),
       show("masked %.3f +- %.3f, uniform %.3f +- %.3f bits a token", masked.run.bits, masked.run.error, uniform.run.bits,
            uniform.run.error)},
      {"fewer_calls_write_faster",
       masked.run.written[1].tokens_per_second > masked.run.written[0].tokens_per_second &&
           ahead.run.written[0].tokens_per_second > any.run.written[0].tokens_per_second,
       show("masked: %.0f tokens a second in %d calls, %.0f in %d", masked.run.written[0].tokens_per_second,
            masked.run.written[0].calls, masked.run.written[1].tokens_per_second, masked.run.written[1].calls)}};
  if (text.floor) {
    const auto lowest = std::ranges::min(entries, {}, [](const Entry& e) { return e.run.bits; });
    report.assertions.push_back({"nothing_is_below_the_truth", lowest.run.bits > *text.floor - 3 * lowest.run.error,
                                 show("least %.3f +- %.3f, the text's own %.3f", lowest.run.bits, lowest.run.error, *text.floor)});
  }
  report.plots = {scatter(entries, text.floor, show(
      "One transformer (width %d, %d layers) trained for %d steps of %d windows of %d tokens under each objective on %s. Down "
      "is better text, right is faster writing; bars are two standard errors over held-out windows. A bound can be above "
      "what it bounds, so bits of bounds and of exact likelihoods are not quite alike. %d texts are written at once.", training.width, training.layers,
      training.steps, training.batch, training.text_length,
      training.text.empty() ? "a planted chain's letters" : training.text.filename().string().c_str(), training.written_texts))};
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
