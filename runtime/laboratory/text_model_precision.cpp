#include "runtime/laboratory/text_model_precision.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "fusion/statistics.h"
#include "runtime/evaluation/text_judge.h"
#include "runtime/generation/denoise_loop.h"
#include "runtime/laboratory/show.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

using fusion::Canvas;
using fusion::Modality;
using generation::DenoiseRequest;

struct Curve {
  const char* sampler;
  std::optional<Uniforms> uniforms;  // none: ours
};
constexpr Curve kCurves[] = {{"ours", {}},
                             {"gumbel-fine", Uniforms::fine},
                             {"gumbel-coarse", Uniforms::coarse},
                             {"gumbel-truncated", Uniforms::truncated}};

struct Point {
  const char* sampler;
  int steps = 0;
  double calls = 0, nats = 0, nats_error = 0, entropy = 0, entropy_error = 0;
};

using Texts = std::vector<std::vector<int>>;  // relative to the text ids

class Experiment {
 public:
  Experiment(const TextPrecisionOptions& options, graph::Executor& executor)
      : options_(options), model_(options.model, executor), judge_(options.judge, executor) {
    if (model_.family->tokens().has_images() || judge_.model().family->tokens().has_images()) {
      throw std::invalid_argument("[lab precision] expected models of text alone, as lacuna-train denoiser --text makes");
    }
    if (!(model_.pieces == judge_.model().pieces) || !judge_.is_exact()) {
      throw std::invalid_argument("[lab precision] " + options.judge.string() + ": expected an autoregressive model (--objective "
                                  "ar) of the same text");
    }
    if (model_.autoregressive()) {
      throw std::invalid_argument("[lab precision] " + options.model.string() + ": expected a masked diffusion model");
    }
  }

  int length() const { return model_.family->sizes().text_length; }

  Point measure(const Curve& curve, int steps) {
    const std::int64_t before = calls_;
    const Texts texts = curve.uniforms ? by_gumbel(*curve.uniforms, steps) : by_sampler(steps);
    std::vector<double> nats, entropies;
    for (const auto& text : texts) {
      nats.push_back(judge_.nats(text, 0, 1, 0) / length());
      entropies.push_back(fusion::unigram_entropy(text));
    }
    const fusion::MeanError n = fusion::mean_error(nats), h = fusion::mean_error(entropies);
    return {curve.sampler, steps, double(calls_ - before) / double(texts.size()), n.mean, n.error, h.mean, h.error};
  }

 private:
  Texts by_sampler(int steps) {
    const auto sampler = samplers::make_sampler("ancestral");
    generation::LoopOptions loop;
    loop.steps = steps;
    loop.draws.text.temperature = 1.0f;
    std::vector<Canvas> canvases(std::size_t(options_.samples), model_.family->joint());
    std::vector<std::uint64_t> seeds(canvases.size());
    std::iota(seeds.begin(), seeds.end(), options_.seed * 1000 + std::uint64_t(steps));
    const auto result = generation::denoise(*model_.denoiser, *sampler, canvases, seeds, loop);
    for (const int calls : result.calls) calls_ += calls;
    Texts texts;
    for (const Canvas& canvas : canvases) texts.push_back(relative(canvas));
    return texts;
  }

  /// MDLM's step: mask or token by one Gumbel draw at every masked position. The network has no time input, so its
  /// output holds until a token changes.
  Texts by_gumbel(Uniforms uniforms, int steps) {
    Texts texts;
    for (int sample = 0; sample < options_.samples; ++sample) {
      Words words(options_.seed * 1000003u + std::uint64_t(steps) * 31u + std::uint64_t(uniforms) + std::uint64_t(sample) * 7919u);
      Canvas canvas = model_.family->joint();
      std::vector<std::vector<double>> mu;
      std::vector<int> masked;
      bool changed = true;
      for (int step = steps; step > 0 && canvas.masked_count() > 0; --step) {
        if (changed) {
          masked = canvas.masked_positions(Modality::text);
          mu = distributions(canvas);
          ++calls_;
        }
        changed = false;
        const double reveal = 1.0 / step;
        for (std::size_t i = 0; i < masked.size(); ++i) {
          std::vector<double> weights = mu[i];
          for (double& w : weights) w *= reveal;
          weights.push_back(1 - reveal);
          const int drawn = gumbel_draw(weights, uniforms, options_.bits, words);
          if (drawn + 1 == int(weights.size()) && step > 1) continue;
          const int token = drawn + 1 == int(weights.size()) ? gumbel_draw(mu[i], uniforms, options_.bits, words) : drawn;
          canvas.reveal(masked[i], model_.family->tokens().text.begin + token);
          changed = true;
        }
      }
      texts.push_back(relative(canvas));
    }
    return texts;
  }

  std::vector<std::vector<double>> distributions(const Canvas& canvas) {
    const DenoiseRequest request{&canvas, 0, {}, true};
    std::vector<std::vector<double>> rows;
    const auto proposals = model_.denoiser->propose({&request, 1}, {}, 0);
    for (const auto& proposal : proposals.front()) {
      rows.emplace_back(proposal.distribution.begin(), proposal.distribution.end());
    }
    return rows;
  }

  std::vector<int> relative(const Canvas& canvas) const {
    std::vector<int> text;
    for (const std::int32_t id : canvas.ids(Modality::text)) text.push_back(id - model_.family->tokens().text.begin);
    return text;
  }

  const TextPrecisionOptions& options_;
  evaluation::TextModel model_;
  evaluation::TextJudge judge_;
  std::int64_t calls_ = 0;
};

const Point& at(const std::vector<Point>& points, std::string_view sampler, int steps) {
  return *std::ranges::find_if(points, [&](const Point& p) { return sampler == p.sampler && steps == p.steps; });
}

std::vector<Assertion> judge(const std::vector<Point>& points, const TextPrecisionOptions& options) {
  const int last = options.steps.back();
  const Point &ours = at(points, "ours", last), &fine = at(points, "gumbel-fine", last),
              &coarse = at(points, "gumbel-coarse", last), &cut = at(points, "gumbel-truncated", last),
              &first = at(points, "ours", options.steps.front());
  const auto error = [](double a, double b) { return std::hypot(a, b); };
  return {
      {"coarse_draws_look_better_and_vary_less",
       fine.nats - coarse.nats > 2 * error(fine.nats_error, coarse.nats_error) && coarse.entropy < fine.entropy,
       show("at %d steps Gen-PPL %.2f and entropy %.3f coarse, %.2f and %.3f fine", last, std::exp(coarse.nats),
            coarse.entropy, std::exp(fine.nats), fine.entropy)},
      {"fine_with_truncation_tracks_coarse",
       std::abs(cut.nats - coarse.nats) < 0.5 * std::abs(fine.nats - coarse.nats) + 2 * error(cut.nats_error, coarse.nats_error),
       show("at %d steps Gen-PPL %.2f truncated, %.2f coarse", last, std::exp(cut.nats), std::exp(coarse.nats))},
      {"ours_agrees_with_fine", std::abs(ours.nats - fine.nats) < 3.5 * error(ours.nats_error, fine.nats_error),
       show("at %d steps Gen-PPL %.2f ours, %.2f fine", last, std::exp(ours.nats), std::exp(fine.nats))},
      {"no_entropy_loss_at_most_steps", ours.entropy > first.entropy - 3.5 * error(ours.entropy_error, first.entropy_error),
       show("ours: unigram entropy %.3f at %d steps, %.3f at %d", first.entropy, first.steps, ours.entropy, last)}};
}

Plot curves(const std::vector<Point>& points, const char* title, const char* y_label, bool entropy, const std::string& caption) {
  Plot plot;
  plot.title = title;
  plot.x_label = "steps";
  plot.y_label = y_label;
  plot.x_axis = Axis::logarithmic;
  for (const Curve& curve : kCurves) {
    PlotSeries series{curve.sampler, {}, true};
    for (const Point& p : points) {
      if (std::string_view(p.sampler) != curve.sampler) continue;
      const double ppl = std::exp(p.nats);
      series.points.push_back({double(p.steps), entropy ? p.entropy : ppl, entropy ? p.entropy_error : ppl * p.nats_error, {}});
    }
    plot.series.push_back(std::move(series));
  }
  plot.caption = caption;
  return plot;
}

}  // namespace

void TextPrecisionOptions::validate() const {
  if (samples < 4 || samples > 100'000) {
    throw std::invalid_argument("[lab precision] expected samples from 4 to 100000, got " + std::to_string(samples));
  }
  if (steps.size() < 2 || !std::ranges::is_sorted(steps) || steps.front() < 1) {
    throw std::invalid_argument("[lab precision] expected at least two numbers of steps, rising");
  }
}

std::optional<Report> run_text_precision(const TextPrecisionOptions& options, graph::Executor& executor,
                                         const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  Experiment experiment(options, executor);
  std::vector<Point> points;
  const int count = int(options.steps.size() * std::size(kCurves));
  for (const Curve& curve : kCurves) {
    for (const int steps : options.steps) {
      points.push_back(experiment.measure(curve, steps));
      if (progress && !progress(int(points.size()), count)) return {};
    }
  }
  Report report;
  report.experiment = "precision-text";
  report.settings = {{"model", options.model.string()}, {"judge", options.judge.string()}, {"length", experiment.length()},
                     {"bits", options.bits},            {"samples", options.samples},      {"seed", double(options.seed)}};
  report.columns = {"sampler", "steps", "gen_ppl", "gen_ppl_error", "entropy", "entropy_error", "calls"};
  for (const Point& p : points) {
    const double ppl = std::exp(p.nats);
    report.rows.push_back({p.sampler, p.steps, ppl, ppl * p.nats_error, p.entropy, p.entropy_error, p.calls});
  }
  const std::string what = show(
      "%d texts of %d tokens a point, drawn by a trained masked diffusion model with ancestral steps, judged by an "
      "autoregressive one; coarse draws have %d bits. Bars: two standard errors.", options.samples, experiment.length(), options.bits);
  report.plots = {curves(points, "What rounding does to a trained model: Gen-PPL", "Gen-PPL under the autoregressive model", false, what),
                  curves(points, "... and what it hides: variety", "unigram entropy inside a text (nats)", true, what)};
  report.assertions = judge(points, options);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
