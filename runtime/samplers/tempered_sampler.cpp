#include "runtime/samplers/tempered_sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"
#include "runtime/samplers/tempered_confidence.h"

namespace lacuna::samplers {
namespace {

using fusion::Canvas;
using fusion::Modality;
using fusion::ScheduleKind;
using Cooling = TemperedOptions::Cooling;

class TemperedRun final : public ScopedRun {
 public:
  TemperedRun(const Canvas& canvas, RunInfo info, TemperedOptions options)
      : ScopedRun(canvas, std::move(info)), options_(std::move(options)) {
    if (options_.counted == TemperedOptions::Counted::masked) {
      codes_ = int(scope(Modality::image).size());
    } else {
      for (const fusion::Span& span : canvas.spans()) codes_ += span.modality == Modality::image ? span.size : 0;
    }
    const int words = int(scope(Modality::text).size());
    words_left_ = fusion::masked_after_steps(this->info().schedules[int(Modality::text)], words, this->info().steps);
  }

  std::optional<Wanted> next(const Canvas& canvas) override {
    auto positions = masked(canvas);
    if (positions.empty() || step_ >= info().steps) return std::nullopt;
    return Wanted{std::move(positions), false};
  }

  Moves decide(const Canvas&, std::span<const PositionProposal> proposals) override {
    Moves moves;
    const auto words = sorted_by_score(proposals, Modality::text, [](const PositionProposal& p) { return p.log_prob; });
    const int keep = words_left_[std::size_t(step_)];
    for (int i = 0; i + keep < int(words.size()); ++i) {
      moves.reveal.push_back({words[std::size_t(i)]->position, words[std::size_t(i)]->token});
    }
    reveal_codes(proposals, moves);
    ++step_;
    return moves;
  }

 private:
  void reveal_codes(std::span<const PositionProposal> proposals, Moves& moves) const {
    std::vector<const PositionProposal*> codes;
    std::vector<float> confidence;
    for (const PositionProposal& p : proposals) {
      if (p.modality != Modality::image) continue;
      codes.push_back(&p);
      const double u = options_.uniform ? options_.uniform(info().seed, step_, p.position)
                                        : uniform(graph::RandomStream::confidence, step_, p.position);
      confidence.push_back(tempered_confidence(std::exp(p.log_prob), float(temperature()), float(u)));
    }
    std::vector<std::uint8_t> remasked(codes.size(), 0);
    if (step_ + 1 < info().steps && codes.size() > 1) remasked = remask_below(confidence, keep_count(int(codes.size())));
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (!remasked[i]) moves.reveal.push_back({codes[i]->position, codes[i]->token});
    }
  }

  int keep_count(int unknown) const {
    if (options_.ratio) return released_keep_count(*options_.ratio, codes_, unknown, step_, info().steps);
    const fusion::NoiseSchedule& schedule = info().schedules[int(Modality::image)];
    if (schedule.kind() == ScheduleKind::cosine) {
      return released_keep_count(MaskRatio(), codes_, unknown, step_, info().steps);
    }
    const double rate = schedule.mask_rate(1.0 - double(step_ + 1) / info().steps);
    return std::max(1, std::min(int(std::floor(codes_ * rate + 1e-9)), unknown - 1));
  }

  double temperature() const {
    const auto left = [&](int step) { return 1.0 - double(step + 1) / double(info().steps); };
    if (options_.cooling == Cooling::none) return options_.temperature;
    if (options_.cooling == Cooling::linear) return options_.temperature * left(step_);
    double temperature = options_.temperature;
    for (int step = 0; step <= step_; ++step) temperature *= left(step);
    return temperature;
  }

  TemperedOptions options_;
  std::vector<int> words_left_;
  int codes_ = 0;  // that the schedule counts
  int step_ = 0;
};

class TemperedSampler final : public Sampler {
 public:
  explicit TemperedSampler(TemperedOptions options) : options_(std::move(options)) {}
  std::unique_ptr<SamplerRun> start(const Canvas& canvas, RunInfo info) const override {
    return std::make_unique<TemperedRun>(canvas, std::move(info), options_);
  }

 private:
  TemperedOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make_tempered(const TemperedOptions& options) {
  return std::make_unique<TemperedSampler>(options);
}

std::unique_ptr<Sampler> make_tempered_sampler(const SamplerOptions& options) {
  TemperedOptions tempered;
  tempered.temperature = options.at("randomness");
  tempered.cooling = Cooling(int(options.at("cooling")));
  tempered.counted = TemperedOptions::Counted(int(options.at("counted")));
  return make_tempered(tempered);
}

}  // namespace lacuna::samplers
