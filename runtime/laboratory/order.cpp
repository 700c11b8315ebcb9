#include "runtime/laboratory/order.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>

#include "runtime/laboratory/show.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

constexpr double kFloor = 1e-3;  // of divergences on the logarithmic axis: below, samples are too few to tell

struct Setting {
  std::string sampler;
  int steps = 0;
  samplers::SamplerOptions options;
  std::string shown;  // the option, empty where steps are the setting
};

struct Point {
  Setting setting;
  ChainRun run;
  double divergence = 0.0;
};

/// Values of the option by which a sampler chooses its number of calls.
struct Sweep {
  const char* sampler;
  const char* option;
  std::vector<double> values;
};

const std::vector<Sweep>& sweeps() {
  static const std::vector<Sweep> list{{"entropy-bounded", "gamma", {0.5, 2, 5, 10}},
                                       {"threshold", "threshold", {0.9, 0.5, 0.3, 0.1}},
                                       {"factor", "factor", {1, 2, 4, 8}},
                                       {"klass", "threshold", {0.5, 0.1}}};
  return list;
}

std::vector<Setting> settings_of(int length) {
  std::vector<Setting> settings;
  for (const auto& entry : samplers::sampler_registry()) {
    const std::string name(entry.name);
    const auto sweep = std::ranges::find(sweeps(), name, &Sweep::sampler);
    if (sweep != sweeps().end()) {
      for (double value : sweep->values) {
        samplers::SamplerOptions options{{{sweep->option, value}}};
        // What has settled for one step is enough on a chain whose posteriors jump.
        if (name == "klass") options.values["kl"] = 1.0;
        settings.push_back({name, length, options, show("%s=%g", sweep->option, value)});
      }
      continue;
    }
    if (name == "first-hitting") {
      settings.push_back({name, length, {}, ""});
      continue;
    }
    // Eight is the fewest that blocks of eight positions allow at length 64.
    for (int steps : {length / 8, length / 4, length / 2, length}) settings.push_back({name, steps, {}, ""});
    // Remasking needs more steps than positions to pay.
    if (name.starts_with("remdm")) settings.push_back({name, 4 * length, {}, ""});
  }
  return settings;
}

const Point* find(const std::vector<Point>& points, std::string_view sampler, int steps) {
  const auto it = std::ranges::find_if(points, [&](const Point& p) {
    return p.setting.sampler == sampler && p.setting.steps == steps && p.setting.shown.empty();
  });
  return it == points.end() ? nullptr : &*it;
}

/// Points that no other beats in both calls and divergence.
bool on_front(const std::vector<Point>& points, const Point& p) {
  // Below the floor all are equally good.
  const double own = std::max(kFloor, p.divergence);
  return std::ranges::none_of(points, [&](const Point& q) {
    const double other = std::max(kFloor, q.divergence);
    return q.run.calls <= p.run.calls && other <= own && (q.run.calls < p.run.calls || other < own);
  });
}

Plot scatter(const std::vector<Point>& points, const std::string& what) {
  // Families share a series, or the legend would be as long as the registry.
  const std::pair<const char*, std::vector<const char*>> families[] = {
      {"any order, no look", {"random", "ancestral", "dream-origin", "first-hitting", "halton", "locality"}},
      {"by what is drawn", {"confidence", "llada", "dream-maskgit-plus", "mask-predict", "threshold", "factor", "klass",
                             "tempered"}},
      {"by entropy or margin", {"entropy", "margin", "dream-entropy", "dream-topk-margin", "entropy-bounded"}},
      {"second order", {"first-hitting-2"}},
      {"remasking", {"remdm-cap", "remdm-rescale", "remdm-conf", "remdm-loop"}},
      {"reading order, blocks", {"left-to-right", "semi-autoregressive"}}};
  Plot plot;
  plot.title = "Quality against calls of the network";
  plot.x_label = "calls of the network (mean)";
  plot.y_label = "distance of neighbouring pairs (nats)";
  plot.x_axis = plot.y_axis = Axis::logarithmic;
  for (const auto& [family, members] : families) {
    PlotSeries series{family, {}, false};
    for (const Point& p : points) {
      if (std::ranges::find(members, p.setting.sampler, [](const char* m) { return std::string(m); }) == members.end()) {
        continue;
      }
      series.points.push_back({p.run.calls, std::max(kFloor, p.divergence), 0,
                               on_front(points, p) ? p.setting.sampler : std::string()});
    }
    plot.series.push_back(std::move(series));
  }
  plot.caption = what;
  return plot;
}

std::vector<Assertion> judge(const std::vector<Point>& points, int length, double planted) {
  std::vector<Assertion> assertions;
  bool budget = true;
  for (const Point& p : points) {
    if (p.setting.shown.empty() && p.setting.sampler != "first-hitting") budget = budget && p.run.calls <= p.setting.steps;
  }
  assertions.push_back({"no_sampler_spends_more_calls_than_steps", budget, show("%zu settings", points.size())});
  double worst = 0;
  for (const char* name : {"random", "halton", "locality", "left-to-right", "entropy", "margin", "first-hitting"}) {
    const Point& p = *find(points, name, length);
    worst = std::max(worst, std::abs(std::log(p.run.perplexity / planted)) / (p.run.perplexity_error / p.run.perplexity));
  }
  assertions.push_back({"orders_without_a_look_at_draws_are_exact_at_full_length", worst < 4,
                        show("largest distance %.1f standard errors of perplexity", worst)});
  const Point &random = *find(points, "random", length / 2), &entropy = *find(points, "entropy", length / 2);
  assertions.push_back({"random_beats_least_entropy_in_parallel", random.divergence < entropy.divergence,
                        show("at %d calls: perplexity %.1f and %.1f, planted %.1f; distance %.3f and %.3f", length / 2,
                             random.run.perplexity, entropy.run.perplexity, planted, random.divergence,
                             entropy.divergence)});
  const Point &first = *find(points, "random", length / 8), &second = *find(points, "first-hitting-2", length / 8);
  assertions.push_back({"second_order_beats_first_at_few_steps", second.divergence < first.divergence,
                        show("at %d calls: distance %.3f and %.3f", length / 8, second.divergence, first.divergence)});
  const Point &drawn = *find(points, "confidence", length);
  assertions.push_back({"confidence_of_draws_loses_diversity",
                        drawn.run.perplexity < planted && drawn.divergence > random.divergence / 10,
                        show("confidence at %d calls: perplexity %.1f below the planted %.1f, unigram entropy %.3f", length,
                             drawn.run.perplexity, planted, drawn.run.entropy)});
  return assertions;
}

}  // namespace

OrderOptions OrderOptions::quick() {
  OrderOptions options;
  options.chain.states = 24;
  options.chain.length = 32;
  options.samples = 300;
  return options;
}

void OrderOptions::validate() const {
  chain.validate();
  if (chain.length < 16 || chain.length % 8 != 0) {
    throw std::invalid_argument("[lab order] expected a length of at least 16 in eights, got " +
                                std::to_string(chain.length));
  }
  if (samples < 10 || samples > 100'000) {
    throw std::invalid_argument("[lab order] expected samples from 10 to 100000, got " + std::to_string(samples));
  }
}

double pair_divergence(const PlantedChain& chain, std::span<const std::vector<int>> sequences) {
  std::map<std::pair<int, int>, int> counts;
  double total = 0;
  for (const auto& sequence : sequences) {
    for (std::size_t l = 1; l < sequence.size(); ++l) {
      ++counts[{sequence[l - 1], sequence[l]}];
      ++total;
    }
  }
  double divergence = 0;
  for (const auto& [pair, count] : counts) {
    const double p = count / total;
    const int both[] = {pair.first, pair.second};
    divergence += p * (std::log(p) + chain.negative_log_likelihood(both));
  }
  const double cells = double(chain.states()) * chain.states();
  return divergence - (cells - 1) / (2 * total);
}

std::optional<Report> run_order(const OrderOptions& options, const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  const PlantedChain chain(options.chain);
  PlantedSource source(chain, 8);
  std::vector<Point> points;
  const auto settings = settings_of(chain.length());
  for (const Setting& setting : settings) {
    std::vector<int> calls;
    const auto sampler = samplers::make_sampler(setting.sampler, setting.options);
    const auto sequences = sample_sequences(source, *sampler, setting.steps, options.samples, options.seed, calls);
    points.push_back({setting, summarise(chain, sequences, calls), pair_divergence(chain, sequences)});
    if (progress && !progress(int(points.size()), int(settings.size()))) return {};
  }
  Report report;
  report.experiment = "order";
  const double planted = chain.perplexity();
  report.settings = {{"states", chain.states()},     {"length", chain.length()},
                     {"scale", options.chain.scale}, {"samples", options.samples},
                     {"planted_perplexity", planted}, {"seed", double(options.seed)}};
  report.columns = {"sampler",          "setting", "calls",         "pair_divergence", "perplexity",
                    "perplexity_error", "entropy", "entropy_error", "front"};
  for (const Point& p : points) {
    report.rows.push_back({p.setting.sampler, p.setting.shown.empty() ? show("steps=%d", p.setting.steps) : p.setting.shown,
                           p.run.calls, p.divergence, p.run.perplexity, p.run.perplexity_error, p.run.entropy,
                           p.run.entropy_error, on_front(points, p) ? 1 : 0});
  }
  report.plots = {scatter(points, show(
      "Every sampler on a planted chain of %d states and %d positions with its exact denoiser, %d sequences a point, at "
      "temperature 1. Down and left is better: the divergence of neighbouring pairs from the chain's own, less what "
      "sampling noise gives; points at the bottom (0.001) cannot be told from exact. Named points are those that no "
      "other beats in both.", chain.states(), chain.length(), options.samples))};
  report.assertions = judge(points, chain.length(), planted);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
