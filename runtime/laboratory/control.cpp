#include "runtime/laboratory/control.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>

#include "runtime/evaluation/statistics.h"
#include "runtime/generation/masked_text.h"
#include "runtime/laboratory/show.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::laboratory {
namespace {

using fusion::Canvas;
using fusion::Modality;
using generation::JobOptions;
using generation::Pipeline;

/// One row: what was demanded, and in how many cases it was kept.
struct Row {
  std::string where, demand, how;
  int kept = 0, cases = 0;
  double figure = 0.0;
  std::string figure_name;
};

/// Sequences of the chain with a part of the states given.
class ChainControl {
 public:
  ChainControl(const ControlOptions& options)
      : options_(options), chain_(options.chain), source_(chain_, 8), words_(options.seed) {}

  double planted() const { return chain_.perplexity(); }

  /// Every fourth state given, from true sequences, wherever chance puts them.
  Row given(const std::string& sampler) {
    std::vector<std::vector<int>> known;
    for (int i = 0; i < options_.samples; ++i) {
      std::vector<int> sequence = draw();
      for (int& state : sequence) {
        if (words_.uniform() > 0.25) state = -1;
      }
      known.push_back(std::move(sequence));
    }
    const auto filled = fill(known, sampler, chain_.length(), {});
    Row row{"chain", "given states stay", sampler, 0, options_.samples, 0, "perplexity"};
    for (std::size_t i = 0; i < filled.size(); ++i) {
      bool kept = true;
      for (std::size_t l = 0; l < filled[i].size(); ++l) kept = kept && (known[i][l] < 0 || known[i][l] == filled[i][l]);
      row.kept += kept;
    }
    row.figure = summarise(chain_, filled, {}).perplexity;
    return row;
  }

  /// A quarter of the states banned.
  Row banned(const std::string& sampler) {
    std::vector<std::int32_t> out;
    for (int state = 0; state < chain_.states(); state += 4) out.push_back(state);
    const std::vector<std::vector<int>> nothing(std::size_t(options_.samples), empty());
    const auto filled = fill(nothing, sampler, chain_.length(), out);
    Row row{"chain", "banned states stay out", sampler, 0, options_.samples, 0, "perplexity"};
    for (const auto& sequence : filled) row.kept += std::ranges::none_of(sequence, [](int s) { return s % 4 == 0; });
    row.figure = summarise(chain_, filled, {}).perplexity;
    return row;
  }

  /// A draft in few calls, then rounds in which a random quarter is masked again and drawn anew; kept counts the drafts
  /// that became more probable.
  std::vector<Row> corrected() {
    const int draft_steps = chain_.length() / 8, rounds = 6, calls = std::max(2, chain_.length() / 8);
    auto sequences = fill(std::vector<std::vector<int>>(std::size_t(options_.samples), empty()), "random", draft_steps, {});
    const auto losses = [&] {
      std::vector<double> list;
      for (const auto& s : sequences) list.push_back(chain_.negative_log_likelihood(s));
      return list;
    };
    const std::vector<double> before = losses();
    std::vector<Row> rows{{"chain", "draft", show("random, %d calls", draft_steps), 0, 0,
                           summarise(chain_, sequences, {}).perplexity, "perplexity"}};
    for (int round = 1; round <= rounds; ++round) {
      for (auto& sequence : sequences) {
        for (int& state : sequence) {
          if (words_.uniform() < 0.25) state = -1;
        }
      }
      sequences = fill(sequences, "random", calls, {});
      const std::vector<double> after = losses();
      Row row{"chain", "self-correction", show("%d round%s, %d calls", round, round == 1 ? "" : "s", draft_steps + round * calls), 0,
              options_.samples, summarise(chain_, sequences, {}).perplexity, "perplexity"};
      for (std::size_t i = 0; i < after.size(); ++i) row.kept += after[i] < before[i];
      rows.push_back(row);
    }
    // The same number of calls without remasking, and with it inside the sampler.
    const int all = draft_steps + rounds * calls;
    for (const char* sampler : {"random", "remdm-loop"}) {
      const ChainRun run = sample_chain(source_, chain_, sampler, {}, all, options_.samples, options_.seed + 5);
      rows.push_back({"chain", "for comparison", show("%s, %d calls", sampler, int(run.calls + 0.5)), 0, 0,
                      run.perplexity, "perplexity"});
    }
    return rows;
  }

 private:
  std::vector<int> empty() const { return std::vector<int>(std::size_t(chain_.length()), -1); }
  std::vector<int> draw() { return chain_.sample([&](int) { return words_.uniform(); }); }

  std::vector<std::vector<int>> fill(const std::vector<std::vector<int>>& known, const std::string& sampler, int steps,
                                     const std::vector<std::int32_t>& banned) {
    std::vector<Canvas> canvases;
    std::vector<std::uint64_t> seeds;
    for (const auto& sequence : known) {
      canvases.push_back(source_.canvas(sequence));
      seeds.push_back(seed_++);
    }
    generation::LoopOptions loop;
    loop.steps = steps;
    loop.image_schedule = fusion::NoiseSchedule(fusion::ScheduleKind::linear);
    loop.banned = banned;
    denoise(source_, *samplers::make_sampler(sampler), canvases, seeds, loop);
    std::vector<std::vector<int>> filled;
    for (const Canvas& canvas : canvases) filled.push_back(source_.states_of(canvas));
    return filled;
  }

  const ControlOptions& options_;
  PlantedChain chain_;
  PlantedSource source_;
  Words words_;
  std::uint64_t seed_ = 1000;
};

/// Captions of pictures that the model has drawn itself.
class ModelControl {
 public:
  ModelControl(const ControlOptions& options, Pipeline& pipeline) : options_(options), pipeline_(pipeline) {
    std::vector<std::string> prompts;
    for (int i = 0; i < options.pictures; ++i) prompts.push_back(options.prompts[std::size_t(i) % options.prompts.size()]);
    JobOptions job = generation::generate_defaults();
    job.seed = options.seed;
    auto drawn = *pipeline_.generate(prompts, job);
    for (auto& picture : drawn) pictures_.push_back(std::move(picture.image));
    free_ = captions({}, {});
  }

  /// The last word of each free caption may not come again.
  Row banned() {
    Row row{"model", "banned words stay out", "the last word of the free caption", 0, 0, 0, "captions that change"};
    for (std::size_t i = 0; i < pictures_.size(); ++i) {
      const std::string word = last_word(free_[i].text);
      if (word.empty()) continue;
      generation::TextConstraints constraints;
      constraints.banned = {word};
      const std::string text = caption(i, constraints, {}).text;
      ++row.cases;
      row.kept += text.find(word) == std::string::npos;
      row.figure += text != free_[i].text;
    }
    if (row.cases > 0) row.figure /= row.cases;
    return row;
  }

  Row required(const std::string& word) {
    generation::TextConstraints constraints;
    constraints.required = {word};
    Row row{"model", "required words occur", "\"" + word + "\"", 0, 0, 0, "log-probability a caption"};
    for (const auto& c : captions(constraints, {})) {
      ++row.cases;
      row.kept += c.text.find(word) != std::string::npos;
      row.figure += c.log_prob / double(pictures_.size());
    }
    return row;
  }

  Row length(int tokens) {
    generation::TextConstraints constraints;
    constraints.length = tokens;
    const auto& space = pipeline_.model().family->tokens();
    Row row{"model", "length is kept", show("%d tokens", tokens), 0, 0, 0, "log-probability a caption"};
    for (const auto& c : captions(constraints, {})) {
      ++row.cases;
      row.kept += std::ranges::find(c.tokens, space.end_of_text) - c.tokens.begin() == tokens;
      row.figure += c.log_prob / double(pictures_.size());
    }
    return row;
  }

  Row prefix(const std::string& words) {
    Row row{"model", "given words stay", "\"" + words + "\" at the start", 0, 0, 0, "log-probability a caption"};
    for (const auto& c : captions({}, words)) {
      ++row.cases;
      row.kept += c.text.starts_with(words);
      row.figure += c.log_prob / double(pictures_.size());
    }
    return row;
  }

  /// Pictures drawn at a guidance scale whose caption has the label that was asked for.
  Row guided(double scale) {
    JobOptions job = generation::generate_defaults();
    job.seed = options_.seed + 100;
    job.draws.image.guidance_scale = float(scale);
    std::vector<std::string> prompts;
    for (int i = 0; i < options_.pictures; ++i) {
      prompts.push_back(options_.prompts[std::size_t(i) % options_.prompts.size()]);
    }
    auto pictures = *pipeline_.generate(prompts, job);
    std::vector<vision::Image> drawn;
    for (auto& picture : pictures) drawn.push_back(std::move(picture.image));
    Row row{"model", "drawings are read back as asked", show("guidance %g", scale), 0, options_.pictures, 0,
            "log-probability a caption"};
    const auto read = *pipeline_.caption(drawn, {}, generation::caption_defaults());
    for (std::size_t i = 0; i < read.size(); ++i) {
      row.kept += last_word(read[i].text) == last_word(prompts[i]);
      row.figure += read[i].log_prob / double(read.size());
    }
    return row;
  }

 private:
  static std::string last_word(const std::string& text) {
    const auto end = text.find_last_not_of(' ');
    if (end == std::string::npos) return "";
    const auto space = text.find_last_of(' ', end);
    return text.substr(space == std::string::npos ? 0 : space + 1, end - (space == std::string::npos ? 0 : space + 1) + 1);
  }

  std::vector<generation::Caption> captions(const generation::TextConstraints& constraints, const std::string& prefix) {
    std::vector<generation::Caption> all;
    for (std::size_t i = 0; i < pictures_.size(); ++i) all.push_back(caption(i, constraints, prefix));
    return all;
  }

  generation::Caption caption(std::size_t i, const generation::TextConstraints& constraints, const std::string& prefix) {
    JobOptions job = generation::caption_defaults();
    job.seed = options_.seed;
    job.constraints = constraints;
    return pipeline_.caption({&pictures_[i], 1}, prefix, job)->front();
  }

  const ControlOptions& options_;
  Pipeline& pipeline_;
  std::vector<vision::Image> pictures_;
  std::vector<generation::Caption> free_;
};

std::vector<Assertion> judge(const std::vector<Row>& rows, double planted) {
  const auto all_kept = [&](const char* demand) {
    int kept = 0, cases = 0;
    for (const Row& r : rows) {
      if (r.demand != demand) continue;
      kept += r.kept;
      cases += r.cases;
    }
    return std::pair{kept, cases};
  };
  std::vector<Assertion> assertions;
  const std::pair<const char*, const char*> hard[] = {{"given_tokens_always_stay", "given states stay"},
                                                      {"banned_tokens_never_occur", "banned states stay out"},
                                                      {"given_words_always_stay", "given words stay"},
                                                      {"banned_words_never_occur", "banned words stay out"},
                                                      {"required_words_always_occur", "required words occur"},
                                                      {"lengths_are_always_kept", "length is kept"}};
  for (const auto& [name, demand] : hard) {
    const auto [kept, cases] = all_kept(demand);
    if (cases > 0) assertions.push_back({name, kept == cases, show("%d of %d", kept, cases)});
  }
  double draft = 0, corrected = 0;
  for (const Row& r : rows) {
    if (r.demand == "draft") draft = r.figure;
    if (r.demand == "self-correction") corrected = r.figure;
  }
  assertions.push_back({"remasking_corrects_a_draft", corrected < draft && corrected - planted < 0.5 * (draft - planted),
                        show("perplexity %.2f to %.2f, planted %.2f", draft, corrected, planted)});
  return assertions;
}

}  // namespace

ControlOptions ControlOptions::quick() {
  ControlOptions options;
  options.chain.states = 24;
  options.chain.length = 32;
  options.samples = 200;
  options.pictures = 8;
  return options;
}

void ControlOptions::validate() const {
  chain.validate();
  const auto require = [](bool ok, const char* expected, int got) {
    if (!ok) throw std::invalid_argument("[lab control] expected " + std::string(expected) + ", got " + std::to_string(got));
  };
  require(chain.length >= 16 && chain.length % 8 == 0, "a length of at least 16 in eights", chain.length);
  require(samples >= 10 && samples <= 100'000, "samples from 10 to 100000", samples);
  require(pictures >= 1 && pictures <= 10'000, "pictures from 1 to 10000", pictures);
  require(!prompts.empty(), "at least one prompt", 0);
}

std::optional<Report> run_control(const ControlOptions& options, Pipeline* pipeline, const Progress& progress) {
  options.validate();
  const auto started = std::chrono::steady_clock::now();
  ChainControl chain(options);
  std::vector<Row> rows;
  std::vector<std::function<std::vector<Row>()>> tasks;
  for (const char* sampler : {"random", "confidence", "entropy-bounded", "remdm-loop", "mask-predict"}) {
    tasks.push_back([&, sampler] { return std::vector{chain.given(sampler)}; });
    tasks.push_back([&, sampler] { return std::vector{chain.banned(sampler)}; });
  }
  tasks.push_back([&] { return chain.corrected(); });
  std::optional<ModelControl> model;
  if (pipeline) {
    tasks.push_back([&] {
      model.emplace(options, *pipeline);
      return std::vector{model->prefix("3d emoji: ")};
    });
    tasks.push_back([&] { return std::vector{model->banned()}; });
    for (const char* word : {"sun", "goat", "red apple"}) {
      tasks.push_back([&, word] { return std::vector{model->required(word)}; });
    }
    for (int tokens : {4, 7, 12}) tasks.push_back([&, tokens] { return std::vector{model->length(tokens)}; });
    for (double scale : {1.0, 3.0, 6.0}) tasks.push_back([&, scale] { return std::vector{model->guided(scale)}; });
  }
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    for (Row& row : tasks[t]()) rows.push_back(std::move(row));
    if (progress && !progress(int(t) + 1, int(tasks.size()))) return {};
  }
  Report report;
  report.experiment = "control";
  report.settings = {{"states", options.chain.states}, {"length", options.chain.length}, {"samples", options.samples},
                     {"planted_perplexity", chain.planted()}, {"seed", double(options.seed)}};
  report.columns = {"where", "demand", "how", "kept", "cases", "rate", "rate_low", "rate_high", "figure", "figure_name"};
  PlotSeries correction{"draft, then corrected", {}, true};
  for (const Row& r : rows) {
    const auto rate = r.cases > 0 ? evaluation::share(r.kept, r.cases) : evaluation::Estimate{};
    report.rows.push_back({r.where, r.demand, r.how, r.kept, r.cases, rate.value, rate.low, rate.high, r.figure, r.figure_name});
    if (r.demand == "draft" || r.demand == "self-correction") {
      correction.points.push_back({double(correction.points.size()), r.figure, 0, ""});
    }
  }
  Plot plot;
  plot.title = "Self-correction by remasking";
  plot.x_label = "rounds of masking a random quarter again";
  plot.y_label = "perplexity under the chain (per token)";
  plot.series = {correction};
  plot.reference = chain.planted();
  plot.reference_name = "planted chain";
  plot.caption = show("%d sequences of %d states are drafted with eight positions a call; then in each round a random "
                      "quarter of the positions is masked again and drawn anew with the same exact denoiser.",
                      options.samples, options.chain.length);
  report.plots = {plot};
  report.assertions = judge(rows, chain.planted());
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace lacuna::laboratory
