#include "runtime/laboratory/precision.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>

#include "runtime/laboratory/show.h"

namespace lacuna::laboratory {
namespace {

struct Measured {
  std::string sampler;
  int steps = 0;
  ChainRun run;
};

ChainRun measure_gumbel(const PlantedChain& chain, int steps, Uniforms uniforms, const PrecisionOptions& options) {
  std::vector<std::vector<int>> sequences;
  std::vector<int> calls(std::size_t(options.samples), 0);
  Words words(options.seed * 1000003u + std::uint64_t(steps) * 31u + std::uint64_t(uniforms));
  for (int& count : calls) sequences.push_back(gumbel_ancestral(chain, steps, uniforms, options.bits, words, count));
  return summarise(chain, sequences, calls);
}

ChainRun measure_first_hitting(const PlantedChain& chain, Uniforms uniforms, const PrecisionOptions& options) {
  std::vector<std::vector<int>> sequences;
  Words words(options.seed * 1000003u + 17u + std::uint64_t(uniforms));
  const std::vector<int> calls(std::size_t(options.samples) * 10, chain.length());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    sequences.push_back(gumbel_first_hitting(chain, uniforms, options.bits, words));
  }
  return summarise(chain, sequences, calls);
}

/// log a - log b in standard errors of the difference.
double sigmas(const ChainRun& a, const ChainRun& b) {
  const double ea = a.perplexity_error / a.perplexity, eb = b.perplexity_error / b.perplexity;
  return std::log(a.perplexity / b.perplexity) / std::sqrt(ea * ea + eb * eb);
}

/// Reads figures off the table and says which of the published shapes they have.
class Judge {
 public:
  Judge(const std::vector<Measured>& measured, const PrecisionOptions& options, double planted)
      : measured_(measured), options_(options), planted_(planted) {}

  std::vector<Assertion> judge() const { return {exact(), flat(), falls(), tracks(), insensitive(), hits()}; }

 private:
  const ChainRun& at(std::string_view sampler, int steps) const {
    return std::ranges::find_if(measured_, [&](const Measured& m) {
             return m.sampler == sampler && m.steps == steps;
           })->run;
  }
  int first() const { return options_.steps.front(); }
  int last() const { return options_.steps.back(); }

  Assertion exact() const {
    double lowest = 0;
    for (const Measured& m : measured_) {
      if (m.sampler != "ours") continue;
      const double error = m.run.perplexity_error / m.run.perplexity;
      lowest = std::min(lowest, std::log(m.run.perplexity / planted_) / error);
    }
    const ChainRun &few = at("ours", first()), &many = at("ours", last());
    return {"exact_falls_to_planted_never_below", sigmas(few, many) > 2 && lowest > -3.5,
            show("ours: %.2f at %d steps, %.2f at %d, planted %.2f; lowest point %.1f standard errors below",
                 few.perplexity, first(), many.perplexity, last(), planted_, -lowest)};
  }
  Assertion flat() const {
    const ChainRun &few = at("ours", first()), &most = at("ours", options_.most_steps);
    const double error = std::hypot(few.entropy_error, most.entropy_error);
    return {"no_entropy_loss_at_most_steps", most.entropy > few.entropy - 3.5 * error,
            show("ours: unigram entropy %.4f at %d steps, %.4f at %d (standard error %.4f)", few.entropy, first(),
                 most.entropy, options_.most_steps, error)};
  }
  Assertion falls() const {
    const ChainRun &few = at("gumbel-coarse", first()), &many = at("gumbel-coarse", last());
    const double below = std::log(planted_ / many.perplexity) / (many.perplexity_error / many.perplexity);
    const double entropy = (few.entropy - many.entropy) / std::hypot(few.entropy_error, many.entropy_error);
    bool falling = true;
    for (std::size_t i = 1; i < options_.steps.size(); ++i) {
      falling = falling && sigmas(at("gumbel-coarse", options_.steps[i]), at("gumbel-coarse", options_.steps[i - 1])) < 2;
    }
    return {"coarse_crosses_below_and_keeps_falling", below > 4 && entropy > 3 && falling,
            show("coarse: %.2f at %d steps, %.2f at %d, planted %.2f; entropy %.3f to %.3f", few.perplexity, first(),
                 many.perplexity, last(), planted_, few.entropy, many.entropy)};
  }
  Assertion tracks() const {
    const ChainRun &coarse = at("gumbel-coarse", last()), &truncated = at("gumbel-truncated", last());
    const ChainRun& fine = at("gumbel-fine", last());
    // On a logarithmic scale the truncated curve is much nearer to the coarse one than to the fine one.
    const double near = std::abs(std::log(truncated.perplexity / coarse.perplexity));
    const double far = std::log(fine.perplexity / truncated.perplexity);
    return {"fine_with_truncation_tracks_coarse", far > 3 * near,
            show("at %d steps: coarse %.2f, fine and truncated %.2f, fine %.2f", last(), coarse.perplexity,
                 truncated.perplexity, fine.perplexity)};
  }
  Assertion insensitive() const {
    const ChainRun &coarse = at("first-hitting-coarse", options_.chain.length),
                   &fine = at("first-hitting", options_.chain.length);
    const double change = std::abs(std::log(coarse.perplexity / fine.perplexity));
    const double ancestral = std::log(planted_ / at("gumbel-coarse", last()).perplexity);
    return {"first_hitting_is_insensitive_to_bits", change < 0.15 * ancestral || std::abs(sigmas(coarse, fine)) < 2,
            show("first-hitting: %.2f with coarse draws, %.2f with ours", coarse.perplexity, fine.perplexity)};
  }
  Assertion hits() const {
    const ChainRun& run = at("first-hitting", options_.chain.length);
    const double error = run.perplexity_error / run.perplexity, off = std::log(run.perplexity / planted_) / error;
    return {"first_hitting_equals_planted", std::abs(off) < 3.5,
            show("first-hitting at full length: %.2f +- %.2f, planted %.2f", run.perplexity, run.perplexity_error,
                 planted_)};
  }

  const std::vector<Measured>& measured_;
  const PrecisionOptions& options_;
  double planted_;
};

Plot curve(const std::vector<Measured>& measured, const char* y_label, const char* title, double reference,
           bool entropy, std::string caption) {
  static const std::pair<const char*, const char*> kNames[] = {
      {"gumbel-coarse", "Gumbel, coarse"}, {"ours", "ours (exact)"},         {"gumbel-truncated", "Gumbel, fine + cut"},
      {"gumbel-fine", "Gumbel, fine"},     {"first-hitting", "first-hitting"}, {"first-hitting-coarse", "first-hitting, coarse"}};
  Plot plot;
  plot.title = title;
  plot.x_label = "sampling steps";
  plot.y_label = y_label;
  plot.x_axis = Axis::logarithmic;
  plot.reference = reference;
  plot.reference_name = "planted chain";
  plot.caption = std::move(caption);
  for (const auto& [name, shown] : kNames) {
    PlotSeries series{shown, {}, true};
    for (const Measured& m : measured) {
      if (m.sampler != name) continue;
      series.points.push_back({double(m.steps), entropy ? m.run.entropy : m.run.perplexity,
                               entropy ? m.run.entropy_error : m.run.perplexity_error});
    }
    std::ranges::sort(series.points, {}, &PlotPoint::x);
    plot.series.push_back(std::move(series));
  }
  return plot;
}

}  // namespace

PrecisionOptions PrecisionOptions::quick() {
  PrecisionOptions options;
  options.chain.states = 32;
  options.chain.length = 32;
  options.bits = 12;
  options.steps = {8, 32, 128, 512};
  options.samples = 200;
  return options;
}

void PrecisionOptions::validate() const {
  chain.validate();
  const auto require = [](bool ok, const char* expected, double got) {
    if (!ok) throw std::invalid_argument("[lab precision] expected " + std::string(expected) + ", got " + show("%g", got));
  };
  require(bits >= 4 && bits <= 32, "bits from 4 to 32", bits);
  require(samples >= 10 && samples <= 100'000, "samples from 10 to 100000", samples);
  require(steps.size() >= 2, "at least two numbers of steps", double(steps.size()));
  require(std::ranges::is_sorted(steps, std::less_equal<>()) && steps.front() >= 1, "rising numbers of steps",
          steps.front());
  require(most_steps >= steps.back() && most_steps <= 1'000'000, "most steps up to 1000000, not below the others",
          most_steps);
}

std::vector<int> gumbel_ancestral(const PlantedChain& chain, int steps, Uniforms uniforms, int bits, Words& words,
                                  int& calls) {
  const auto k = std::size_t(chain.states()), length = std::size_t(chain.length());
  std::vector<int> sequence(length, -1);
  std::vector<double> rows(length * k), weights(k + 1);
  std::size_t left = length;
  bool changed = true;
  for (int i = steps; i >= 1 && left > 0; --i) {
    const double reveal = 1.0 / i;  // linear schedule
    if (changed) {
      for (std::size_t l = 0; l < length; ++l) {
        if (sequence[l] < 0) chain.posterior(sequence, int(l), std::span(rows).subspan(l * k, k));
      }
      ++calls;
      changed = false;
    }
    // All positions are drawn from what was visible before the step.
    std::vector<int> next = sequence;
    for (std::size_t l = 0; l < length; ++l) {
      if (sequence[l] >= 0) continue;
      for (std::size_t s = 0; s < k; ++s) weights[s] = reveal * rows[l * k + s];
      weights[k] = 1.0 - reveal;
      const int chosen = gumbel_draw(weights, uniforms, bits, words);
      if (std::size_t(chosen) == k) continue;
      next[l] = chosen;
      --left;
      changed = true;
    }
    sequence = std::move(next);
  }
  // MDLM's last pass; with one step of length 1 nothing is left for it unless a coarse uniform was 0.
  for (std::size_t l = 0; l < length; ++l) {
    if (sequence[l] >= 0) continue;
    chain.posterior(sequence, int(l), std::span(rows).subspan(l * k, k));
    sequence[l] = int(std::max_element(rows.begin() + std::ptrdiff_t(l * k), rows.begin() + std::ptrdiff_t((l + 1) * k)) -
                      (rows.begin() + std::ptrdiff_t(l * k)));
  }
  return sequence;
}

std::vector<int> gumbel_first_hitting(const PlantedChain& chain, Uniforms uniforms, int bits, Words& words) {
  std::vector<int> sequence(std::size_t(chain.length()), -1), order(sequence.size());
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[words.next() % i]);
  std::vector<double> row(static_cast<std::size_t>(chain.states()));
  for (int l : order) {
    chain.posterior(sequence, l, row);
    sequence[std::size_t(l)] = gumbel_draw(row, uniforms, bits, words);
  }
  return sequence;
}

std::optional<Report> run_precision(const PrecisionOptions& options, const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  const PlantedChain chain(options.chain);
  PlantedSource source(chain, 1);
  std::vector<Measured> measured;
  const int count = int(options.steps.size()) * 4 + 3;
  const auto add = [&](std::string sampler, int steps, const ChainRun& run) {
    measured.push_back({std::move(sampler), steps, run});
    return !progress || progress(int(measured.size()), count);
  };
  const auto ours = [&](const char* sampler, int steps) {
    return sample_chain(source, chain, sampler, {}, steps, options.samples * 10, options.seed);
  };
  for (int steps : options.steps) {
    for (Uniforms uniforms : {Uniforms::coarse, Uniforms::truncated, Uniforms::fine}) {
      if (!add(std::string(name_of(uniforms)), steps, measure_gumbel(chain, steps, uniforms, options))) return {};
    }
    if (!add("ours", steps, ours("ancestral", steps))) return {};
  }
  if (options.most_steps > options.steps.back() && !add("ours", options.most_steps, ours("ancestral", options.most_steps))) {
    return {};
  }
  if (!add("first-hitting", chain.length(), ours("first-hitting", chain.length()))) return {};
  if (!add("first-hitting-coarse", chain.length(), measure_first_hitting(chain, Uniforms::coarse, options))) return {};

  Report report;
  report.experiment = "precision";
  const double planted = chain.perplexity();
  report.settings = {{"states", chain.states()},   {"length", chain.length()},
                     {"scale", options.chain.scale}, {"bits", options.bits},
                     {"samples", options.samples}, {"planted_perplexity", planted},
                     {"seed", double(options.seed)}};
  report.columns = {"sampler", "steps", "perplexity", "perplexity_error", "entropy", "entropy_error", "calls", "samples"};
  for (const Measured& m : measured) {
    report.rows.push_back({m.sampler, m.steps, m.run.perplexity, m.run.perplexity_error, m.run.entropy,
                           m.run.entropy_error, m.run.calls, m.run.count});
  }
  const std::string what = show(
      "A chain of %d states and %d positions whose exact perplexity is %.2f; the denoiser is exact, so every distance "
      "from the dashed line is the sampler's. Coarse: Gumbel noise from %d-bit uniforms, which stand in for the 24 bits "
      "of float32 at lengths and vocabularies of language models. Bars: two standard errors.",
      chain.states(), chain.length(), planted, options.bits);
  // The entropy of what the chain itself gives, inside sequences of this length.
  Words words(options.seed);
  std::vector<std::vector<int>> reference;
  for (int i = 0; i < options.samples * 10; ++i) {
    reference.push_back(chain.sample([&](int) { return words.uniform(); }));
  }
  const double entropy = summarise(chain, reference, {}).entropy;
  report.settings.emplace_back("planted_entropy", entropy);
  report.plots = {curve(measured, "perplexity under the chain (per token)", "Perplexity against steps", planted, false, what),
                  curve(measured, "unigram entropy inside a sequence (nats)", "Diversity against steps", entropy, true,
                        "The same runs: how evenly the states occur inside a sequence. A sampler that loses rare tokens "
                        "looks better above and loses diversity here.")};
  report.assertions = Judge(measured, options, planted).judge();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
