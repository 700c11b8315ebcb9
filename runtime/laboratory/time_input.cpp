#include "runtime/laboratory/time_input.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "fusion/statistics.h"
#include "runtime/laboratory/show.h"

namespace lacuna::laboratory {
namespace {

constexpr double kInterval = 1.96;       // standard errors of a 95 % interval
constexpr double kAgreement = 3.5;       // standard errors within which two forms count as equal
constexpr double kNegligible = 0.02;     // of the loss

/// Bits; of the differences of two columns, window by window.
fusion::MeanError difference(const std::vector<double>& a, const std::vector<double>& b) {
  const auto [mean, error] = fusion::paired_difference(a, b);
  return {mean / std::numbers::ln2, error / std::numbers::ln2};
}

struct Runs {
  std::vector<TextRun> without, with;  // by seed
};

/// Means over seeds, window by window.
std::vector<double> pooled(const std::vector<TextRun>& runs, std::size_t measure) {
  std::vector<double> mean(runs[0].windows[measure].size(), 0.0);
  for (const TextRun& run : runs) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += run.windows[measure][i] / double(runs.size());
  }
  return mean;
}

double mean_bits(const std::vector<double>& nats) {
  return fusion::mean_error(nats).mean / std::numbers::ln2;
}

Plot curves(const Runs& runs, const std::optional<double>& floor, const std::string& caption) {
  Plot plot;
  plot.title = "A denoiser with and without a time input";
  plot.x_label = "training steps";
  plot.y_label = "held-out bound (bits a token)";
  for (const bool with : {false, true}) {
    const auto& list = with ? runs.with : runs.without;
    PlotSeries series{with ? "with time" : "without time", {}, true};
    for (std::size_t p = 0; p < list[0].progress.size(); ++p) {
      PlotPoint point{list[0].progress[p].first, 0, 0, {}};
      for (const TextRun& run : list) point.y += run.progress[p].second / double(list.size());
      point.error = list[0].error;
      series.points.push_back(point);
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

TimeOptions TimeOptions::quick() {
  TimeOptions options;
  options.seeds = 1;
  options.training.width = 64;
  options.training.layers = 2;
  options.training.heads = 2;
  options.training.steps = 300;
  options.training.validation_windows = 200;
  return options;
}

void TimeOptions::validate() const {
  training.validate();
  if (seeds < 1 || seeds > 100) throw std::invalid_argument("[lab time] expected 1 to 100 seeds, got " + std::to_string(seeds));
}

std::optional<Report> run_time(const TimeOptions& options, const Trainer& trainer, const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  const ExperimentText text = experiment_text(options.training);
  Runs runs;
  int done = 0;
  for (int seed = 0; seed < options.seeds; ++seed) {
    for (const bool with : {false, true}) {
      if (progress && !progress(done++, 2 * options.seeds)) return {};
      const auto output = options.training.folder / ("time-" + std::string(with ? "with" : "without") + "-" + std::to_string(seed));
      std::filesystem::remove_all(output);
      auto arguments = options.training.arguments(text.file, output);
      const int steps = options.training.steps;
      const auto add = [&](const std::vector<std::string>& more) { arguments.insert(arguments.end(), more.begin(), more.end()); };
      add({"--objective", "mdm-elbo", "--seed", std::to_string(options.training.seed + std::uint64_t(seed)),
           "--max-train-steps", std::to_string(steps), "--validation-steps", std::to_string(std::max(1, steps / 6)),
           "--sample-steps", std::to_string(steps), "--validation-masks", "8", "--sample-count", "0"});
      if (with) add({"--time-input"});
      if (!trainer(arguments)) return {};
      (with ? runs.with : runs.without).push_back(read_text_run(output, steps, options.training.text_length));
    }
  }
  if (progress) progress(2 * options.seeds, 2 * options.seeds);

  Report report;
  report.experiment = "time";
  report.settings = {{"text", options.training.text.empty() ? "planted" : options.training.text.string()},
                     {"length", options.training.text_length}, {"width", options.training.width},
                     {"layers", options.training.layers},      {"steps", options.training.steps},
                     {"batch", options.training.batch},        {"seeds", options.seeds},
                     {"seed", double(options.training.seed)}};
  if (text.floor) report.settings.emplace_back("planted_bits", *text.floor);
  report.columns = {"time_input", "seed", "bits_token_count", "bits_continuous", "forms_differ", "forms_differ_error"};
  double worst[2] = {0, 0};
  for (const bool with : {false, true}) {
    const auto& list = with ? runs.with : runs.without;
    for (std::size_t s = 0; s < list.size(); ++s) {
      const fusion::MeanError forms = difference(list[s].windows[1], list[s].windows[0]);
      report.rows.push_back({with ? "yes" : "no", int(s), mean_bits(list[s].windows[0]), mean_bits(list[s].windows[1]),
                             forms.mean, forms.error});
      worst[with] = std::max(worst[with], std::abs(forms.mean) / forms.error);
    }
  }
  const auto without = pooled(runs.without, 0), with = pooled(runs.with, 0);
  const fusion::MeanError gain = difference(without, with);
  const double bits = mean_bits(without);
  report.settings.emplace_back("time_gains_bits", gain.mean);
  report.settings.emplace_back("time_gains_error", gain.error);
  report.assertions = {
      {"both_forms_agree_without_time", worst[0] < kAgreement, show("largest distance %.1f standard errors", worst[0])},
      {"both_forms_agree_with_time", worst[1] < kAgreement, show("largest distance %.1f standard errors", worst[1])},
      {"time_gains_next_to_nothing", std::abs(gain.mean) < kNegligible * bits + kInterval * gain.error,
       show("time lowers the loss by %.4f bits a token (95 %% interval of windows %.4f to %.4f) of %.3f", gain.mean,
            gain.mean - kInterval * gain.error, gain.mean + kInterval * gain.error, bits)}};
  if (text.floor) {
    report.assertions.push_back({"bounds_stay_above_the_truth", std::min(bits, mean_bits(with)) > *text.floor,
                                 show("%.3f and %.3f bits a token, the text's own %.3f", bits, mean_bits(with), *text.floor)});
  }
  report.plots = {curves(runs, text.floor, show(
      "The same transformer (width %d, %d layers) trained on the same batches and masks of %s, windows of %d tokens, %d "
      "pair%s of runs: bound on the bits a token of held-out windows, bars of two standard errors. Time lowers it by %.4f "
      "bits (95 %% interval %.4f to %.4f).", options.training.width, options.training.layers,
      options.training.text.empty() ? "a planted chain's letters" : "a text", options.training.text_length, options.seeds,
      options.seeds == 1 ? "" : "s", gain.mean, gain.mean - kInterval * gain.error, gain.mean + kInterval * gain.error))};
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
