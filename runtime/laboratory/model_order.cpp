#include "runtime/laboratory/model_order.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "fusion/statistics.h"
#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/label.h"
#include "runtime/evaluation/likelihood.h"
#include "runtime/laboratory/sampler_settings.h"
#include "runtime/laboratory/show.h"

namespace lacuna::laboratory {
namespace {

using evaluation::Pair;
using fusion::Canvas;
using fusion::Modality;
using generation::JobOptions;

struct Point {
  SamplerSetting setting;
  double calls = 0;
  std::vector<double> nats;   // by sample, a text token
  std::vector<double> right;  // by sample, 1 where the label is right

  double mean() const { return fusion::mean_error(nats).mean; }
  double right_share() const { return fusion::mean_error(right).mean; }
};

class Measure {
 public:
  Measure(const ModelOrderOptions& options, generation::Pipeline& pipeline) : options_(options), pipeline_(pipeline) {
    const auto& model = pipeline.model();
    samples_ = evaluation::read_samples(model.folder / "eval", options.split, options.samples, model.picture_size());
    std::vector<vision::Image> pictures;
    for (const auto& sample : samples_) pictures.push_back(sample.picture);
    for (const auto& grid : pipeline.encode(pictures)) {
      truth_.push_back(evaluation::make_pair(model, samples_[truth_.size()].caption(), grid.cells()));
    }
  }

  Point at(const SamplerSetting& setting) {
    const auto& family = *pipeline_.model().family;
    std::vector<Canvas> canvases;
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      canvases.push_back(setting.drawn == Modality::text ? family.caption(truth_[i].codes, {}) : family.generate(truth_[i].text));
      seeds.push_back(options_.seed * 1000 + i);
    }
    const auto sampler = setting.job.make_sampler();
    const auto result = generation::denoise(denoiser(), *sampler, canvases, seeds, setting.job.loop());
    Point point{setting, 0, {}, {}};
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < canvases.size(); ++i) {
      point.calls += result.calls[i];  // whole numbers: equal means are equal
      Pair pair = truth_[i];
      if (setting.drawn == Modality::text) {
        const auto ids = canvases[i].ids(Modality::text);
        pair.text.assign(ids.begin(), ids.end());
      } else {
        const auto ids = canvases[i].ids(Modality::image);
        for (std::size_t c = 0; c < ids.size(); ++c) pair.codes[c] = ids[c] - family.tokens().image.begin;
      }
      pairs.push_back(std::move(pair));
    }
    point.calls /= double(canvases.size());
    point.nats = evaluation::conditional_bounds(denoiser(), pairs, Modality::text,
                                                {evaluation::BoundForm::token_count, options_.bound_draws, options_.seed});
    for (double& nats : point.nats) nats /= family.sizes().text_length;
    if (setting.drawn == Modality::image) canvases = captioned(pairs);
    for (std::size_t i = 0; i < canvases.size(); ++i) {
      const std::string read = pipeline_.decode_text(canvases[i]);
      point.right.push_back(evaluation::label_of(read) == evaluation::label_of(samples_[i].label));
    }
    return point;
  }

 private:
  generation::Denoiser& denoiser() { return *pipeline_.model().denoiser; }

  /// Drawings read back by the verb's own default.
  std::vector<Canvas> captioned(const std::vector<Pair>& pairs) {
    std::vector<Canvas> canvases;
    for (const Pair& pair : pairs) canvases.push_back(pipeline_.model().family->caption(pair.codes, {}));
    const JobOptions job = generation::caption_defaults();
    generation::denoise(denoiser(), *job.make_sampler(), canvases, std::vector<std::uint64_t>(canvases.size(), 0), job.loop());
    return canvases;
  }

  const ModelOrderOptions& options_;
  generation::Pipeline& pipeline_;
  std::vector<evaluation::Sample> samples_;
  std::vector<Pair> truth_;
};

/// "16 steps", "16 steps, noise 3", "threshold=0.5".
std::string setting_text(const SamplerSetting& s) {
  if (!s.option.empty()) return s.option;
  return show("%d steps", s.job.steps) + (s.job.randomness > 0 ? show(", noise %g", s.job.randomness) : std::string());
}

bool on_front(const std::vector<const Point*>& points, const Point& p) {
  return std::ranges::none_of(points, [&](const Point* q) {
    return q->calls <= p.calls && q->mean() <= p.mean() && (q->calls < p.calls || q->mean() < p.mean());
  });
}

Plot scatter(const std::vector<const Point*>& points, const char* title, const std::string& caption) {
  Plot plot;
  plot.title = title;
  plot.x_label = "calls of the network (mean)";
  plot.y_label = "text given picture (nats a token)";
  plot.x_axis = Axis::logarithmic;
  PlotSeries others{"other samplers", {}, false}, front{"not beaten in both", {}, true}, usual{"the verb's default", {}, false};
  for (const Point* p : points) {
    if (p->setting.is_default) usual.points.push_back({p->calls, p->mean(), 0, p->setting.name()});
    if (on_front(points, *p)) front.points.push_back({p->calls, p->mean(), 0, p->setting.is_default ? "" : p->setting.name()});
    else if (!p->setting.is_default) others.points.push_back({p->calls, p->mean(), 0, {}});
  }
  std::ranges::sort(front.points, {}, &PlotPoint::x);
  for (auto& series : {others, front, usual}) {
    if (!series.points.empty()) plot.series.push_back(series);
  }
  plot.caption = caption;
  return plot;
}

/// The quantile of the standard normal distribution above which one of `count` differences lies by chance once in 40
/// times (Bonferroni), by bisection.
double threshold_of(int count) {
  double low = 0, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double z = (low + high) / 2, tail = std::erfc(z / std::numbers::sqrt2) / 2;
    (tail > 0.025 / count ? low : high) = z;
  }
  return low;
}

/// The default against those that take no more calls: the one that is ahead by the most standard errors.
Assertion judge(const std::vector<const Point*>& points, const char* name) {
  const Point* usual = points.front();
  const Point* best = nullptr;
  double furthest = -std::numeric_limits<double>::infinity();
  int compared = 0;
  for (const Point* p : points) {
    if (p == usual || p->calls > usual->calls + 0.5) continue;
    ++compared;
    const auto d = fusion::paired_difference(usual->nats, p->nats);
    const double ahead = d.mean / std::max(d.error, 1e-9);
    if (ahead <= furthest) continue;
    furthest = ahead;
    best = p;
  }
  if (best == nullptr) return {name, true, "nothing with no more calls was compared"};
  const double threshold = threshold_of(compared);
  const auto nats = fusion::paired_difference(usual->nats, best->nats), right = fusion::paired_difference(best->right, usual->right);
  return {name, furthest < threshold,
          show("default %s: %.3f nats a token, %.0f %% right, %.1f calls; of %d with no more calls the most certainly better or "
               "least certainly worse is %s: %.3f nats, ahead by %.3f +- %.3f (%.1f standard errors, chance gives up to %.1f), "
               "labels by %.0f +- %.0f points", usual->setting.job.sampler.c_str(), usual->mean(), 100 * usual->right_share(),
               usual->calls, compared, best->setting.name().c_str(), best->mean(), nats.mean, nats.error, furthest, threshold,
               100 * right.mean, 100 * right.error)};
}

}  // namespace

ModelOrderOptions ModelOrderOptions::quick(ModelOrderOptions options) {
  options.samples = 4;
  options.caption_steps = {generation::caption_defaults().steps};
  options.picture_steps = {generation::generate_defaults().steps};
  if (options.samplers.empty()) options.samplers = {"confidence", "random", "halton", "entropy", "first-hitting-2", "left-to-right"};
  options.bound_draws = 4;
  return options;
}

void ModelOrderOptions::validate() const {
  const auto require = [](bool ok, const char* expected) {
    if (!ok) throw std::invalid_argument("[lab order] expected " + std::string(expected));
  };
  require(samples >= 2 && samples <= 10'000, "2 to 10000 samples");
  require(bound_draws >= 1, "at least one mask a bound");
  require(!drawn.empty(), "something to draw");
  require(!caption_steps.empty() && !picture_steps.empty(), "at least one number of steps");
}

std::optional<Report> run_model_order(const ModelOrderOptions& options, generation::Pipeline& pipeline,
                                      const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  Measure measure(options, pipeline);
  std::vector<Point> points;
  std::vector<SamplerSetting> settings;
  const SettingChoice choice{options.samplers, options.caption_steps, options.picture_steps,
                             pipeline.model().family->sizes().image_length()};
  for (const Modality drawn : options.drawn) {
    for (SamplerSetting& setting : settings_of(drawn, choice)) settings.push_back(std::move(setting));
  }
  for (const SamplerSetting& setting : settings) {
    points.push_back(measure.at(setting));
    if (progress && !progress(int(points.size()), int(settings.size()))) return {};
  }
  Report report;
  report.experiment = "order-model";
  report.settings = {{"model", pipeline.model().folder.filename().string()}, {"split", options.split},
                     {"samples", options.samples},                        {"bound_draws", options.bound_draws},
                     {"seed", double(options.seed)}};
  report.columns = {"drawn", "sampler", "setting", "calls", "nats_per_token", "worse_than_default", "worse_error",
                    "label_right", "more_right", "more_right_error", "cases", "default", "front"};
  for (const Modality drawn : options.drawn) {
    std::vector<const Point*> own;
    for (const Point& p : points) {
      if (p.setting.drawn == drawn) own.push_back(&p);
    }
    const Point& usual = *own.front();
    for (const Point* p : own) {
      const auto worse = fusion::paired_difference(p->nats, usual.nats), more = fusion::paired_difference(p->right, usual.right);
      report.rows.push_back({drawn == Modality::text ? "caption" : "picture", p->setting.job.sampler, setting_text(p->setting),
                             p->calls, p->mean(), worse.mean, worse.error, p->right_share(), more.mean, more.error,
                             int(p->nats.size()), p->setting.is_default ? 1 : 0, on_front(own, *p) ? 1 : 0});
    }
    const bool text = drawn == Modality::text;
    report.plots.push_back(scatter(own, text ? "Captions: quality against calls" : "Pictures: quality against calls", show(
        "%d %s of the split %s, each sampler at several numbers of steps with everything else as the verb has it. Down and "
        "left is better: what the model itself needs to explain the text by the picture, averaged over %d masks.",
        options.samples, text ? "pictures captioned" : "captions drawn", options.split.c_str(), options.bound_draws)));
    report.assertions.push_back(judge(own, text ? "default_of_caption_is_not_beaten" : "default_of_generate_is_not_beaten"));
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
