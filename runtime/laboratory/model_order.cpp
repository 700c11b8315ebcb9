#include "runtime/laboratory/model_order.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <stdexcept>

#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/label.h"
#include "runtime/evaluation/likelihood.h"
#include "runtime/laboratory/show.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

using evaluation::Pair;
using fusion::Canvas;
using fusion::Modality;
using generation::JobOptions;

struct Setting {
  Modality drawn = Modality::text;
  JobOptions job;
  bool is_default = false;
};

struct Point {
  Setting setting;
  double calls = 0;
  std::vector<double> nats;  // by sample, a text token
  int right = 0;

  double mean() const {
    double sum = 0;
    for (const double x : nats) sum += x / double(nats.size());
    return sum;
  }
};

/// Of a - b, sample by sample.
struct Difference {
  double mean = 0, error = 0;
};
Difference difference(const std::vector<double>& a, const std::vector<double>& b) {
  Difference d;
  const auto n = double(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) d.mean += (a[i] - b[i]) / n;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(a[i] - b[i] - d.mean, 2);
  d.error = std::sqrt(squares / std::max(1.0, n - 1) / n);
  return d;
}

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

  Point at(const Setting& setting) {
    const auto& family = *pipeline_.model().family;
    std::vector<Canvas> canvases;
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      canvases.push_back(setting.drawn == Modality::text ? family.caption(truth_[i].codes, {}) : family.generate(truth_[i].text));
      seeds.push_back(options_.seed * 1000 + i);
    }
    const auto sampler = setting.job.make_sampler();
    const auto result = generation::denoise(denoiser(), *sampler, canvases, seeds, setting.job.loop());
    Point point{setting, 0, {}, 0};
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < canvases.size(); ++i) {
      point.calls += double(result.calls[i]) / double(canvases.size());
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
    point.nats = evaluation::conditional_bounds(denoiser(), pairs, Modality::text,
                                                {evaluation::BoundForm::token_count, options_.bound_draws, options_.seed});
    for (double& nats : point.nats) nats /= family.sizes().text_length;
    if (setting.drawn == Modality::image) canvases = captioned(pairs);
    for (std::size_t i = 0; i < canvases.size(); ++i) {
      point.right += evaluation::label_of(pipeline_.decode_text(canvases[i])) == evaluation::label_of(samples_[i].label);
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

std::vector<Setting> settings_of(const ModelOrderOptions& options) {
  std::vector<Setting> settings;
  for (const Modality drawn : {Modality::text, Modality::image}) {
    const JobOptions usual = drawn == Modality::text ? generation::caption_defaults() : generation::generate_defaults();
    settings.push_back({drawn, usual, true});
    for (const auto& entry : samplers::sampler_registry()) {
      const std::string name(entry.name);
      if (!options.samplers.empty() && std::ranges::find(options.samplers, name) == options.samplers.end()) continue;
      // One call a code would be 256 of them.
      if (drawn == Modality::image && name == "first-hitting") continue;
      // Orders of the codes of a grid have nothing to say about words.
      if (drawn == Modality::text && (name == "halton" || name == "locality" || name == "tempered")) continue;
      const bool own_calls = name == "entropy-bounded" || name == "threshold" || name == "factor" || name == "klass" ||
                             name == "first-hitting";
      const auto& steps = drawn == Modality::text ? options.caption_steps : options.picture_steps;
      for (const int n : own_calls ? std::vector<int>{steps.back()} : steps) {
        JobOptions job = usual;
        job.sampler = name;
        job.steps = n;
        if (name == usual.sampler && n == usual.steps) continue;
        // Keeps the default's noise where it has a meaning, and drops it where it has none.
        if (name != usual.sampler) job.randomness = 0;
        settings.push_back({drawn, job, false});
      }
    }
    if (usual.randomness > 0) {
      JobOptions sure = usual;
      sure.randomness = 0;
      settings.push_back({drawn, sure, false});
    }
  }
  return settings;
}

std::string label_of(const Setting& s) {
  std::string name = s.job.sampler;
  if (s.job.randomness > 0) name += show(" (noise %g)", s.job.randomness);
  return s.is_default ? name + " = default" : name;
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
    if (p->setting.is_default) usual.points.push_back({p->calls, p->mean(), 0, {}});
    if (on_front(points, *p)) front.points.push_back({p->calls, p->mean(), 0, label_of(p->setting)});
    else if (!p->setting.is_default) others.points.push_back({p->calls, p->mean(), 0, {}});
  }
  std::ranges::sort(front.points, {}, &PlotPoint::x);
  for (auto& series : {others, front, usual}) {
    if (!series.points.empty()) plot.series.push_back(series);
  }
  plot.caption = caption;
  return plot;
}

/// The default against the best of those that take no more calls.
Assertion judge(const std::vector<const Point*>& points, const char* name) {
  const Point* usual = *std::ranges::find_if(points, [](const Point* p) { return p->setting.is_default; });
  const Point* best = usual;
  for (const Point* p : points) {
    if (p->calls <= usual->calls + 0.5 && p->mean() < best->mean()) best = p;
  }
  const Difference d = difference(usual->nats, best->nats);
  return {name, d.mean < 2 * d.error + 1e-9,
          show("default %s: %.3f nats a token in %.1f calls; best with no more calls %s: %.3f in %.1f; difference %.3f +- %.3f",
               usual->setting.job.sampler.c_str(), usual->mean(), usual->calls, label_of(best->setting).c_str(), best->mean(),
               best->calls, d.mean, d.error)};
}

}  // namespace

ModelOrderOptions ModelOrderOptions::quick(ModelOrderOptions options) {
  options.samples = 4;
  options.caption_steps = {generation::caption_defaults().steps / 2, generation::caption_defaults().steps};
  options.picture_steps = {generation::generate_defaults().steps};
  options.samplers = {"confidence", "random", "halton", "entropy", "first-hitting-2", "left-to-right"};
  options.bound_draws = 4;
  return options;
}

void ModelOrderOptions::validate() const {
  const auto require = [](bool ok, const char* expected) {
    if (!ok) throw std::invalid_argument("[lab order] expected " + std::string(expected));
  };
  require(samples >= 2 && samples <= 10'000, "2 to 10000 samples");
  require(bound_draws >= 1, "at least one mask a bound");
  require(!caption_steps.empty() && !picture_steps.empty(), "at least one number of steps");
}

std::optional<Report> run_model_order(const ModelOrderOptions& options, generation::Pipeline& pipeline,
                                      const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  Measure measure(options, pipeline);
  std::vector<Point> points;
  const auto settings = settings_of(options);
  for (const Setting& setting : settings) {
    points.push_back(measure.at(setting));
    if (progress && !progress(int(points.size()), int(settings.size()))) return {};
  }
  Report report;
  report.experiment = "order";
  report.settings = {{"model", pipeline.model().folder.filename().string()}, {"split", options.split},
                     {"samples", options.samples},                        {"bound_draws", options.bound_draws},
                     {"seed", double(options.seed)}};
  report.columns = {"drawn", "sampler", "randomness", "steps", "calls", "nats_per_token", "worse_than_default",
                    "worse_error", "label_right", "cases", "default", "front"};
  for (const Modality drawn : {Modality::text, Modality::image}) {
    std::vector<const Point*> own;
    for (const Point& p : points) {
      if (p.setting.drawn == drawn) own.push_back(&p);
    }
    const Point& usual = *own.front();
    for (const Point* p : own) {
      const Difference d = difference(p->nats, usual.nats);
      report.rows.push_back({drawn == Modality::text ? "caption" : "picture", p->setting.job.sampler, p->setting.job.randomness,
                             p->setting.job.steps, p->calls, p->mean(), d.mean, d.error, p->right, int(p->nats.size()),
                             p->setting.is_default ? 1 : 0, on_front(own, *p) ? 1 : 0});
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
