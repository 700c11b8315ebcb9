#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {
namespace {

struct Rule {
  double threshold = 0.9;
  double divergence = 0.01;
  int history = 2;
};

/// KL(now || before), nats.
double divergence(std::span<const float> now, std::span<const float> before) {
  double sum = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] > 0) sum += now[i] * (std::log(double(now[i])) - std::log(std::max(double(before[i]), 1e-30)));
  }
  return sum;
}

class KlassRun final : public ScopedRun {
 public:
  KlassRun(const fusion::Canvas& canvas, RunInfo info, const Rule& rule)
      : ScopedRun(canvas, std::move(info)), rule_(rule) {}

  std::optional<Wanted> next(const fusion::Canvas& canvas) override {
    Wanted wanted{masked(canvas), true};
    if (wanted.positions.empty()) return std::nullopt;
    return wanted;
  }

  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals) override {
    Moves moves;
    for (const PositionProposal& p : proposals) observe(p);
    for (fusion::Modality m : kModalities) {
      const auto sorted = sorted_by_score(proposals, m, [](const PositionProposal& p) { return double(p.log_prob); });
      const std::size_t before = moves.reveal.size();
      for (const PositionProposal* p : sorted) {
        const bool sure = std::exp(double(p->log_prob)) >= rule_.threshold;
        if (sure && seen_.at(p->position).settled >= rule_.history) moves.reveal.push_back({p->position, p->token});
      }
      if (moves.reveal.size() == before && !sorted.empty()) {
        moves.reveal.push_back({sorted[0]->position, sorted[0]->token});
      }
    }
    return moves;
  }

 private:
  struct Seen {
    std::vector<float> distribution;
    int settled = 0;  // steps in a row in which it changed little
  };

  void observe(const PositionProposal& p) {
    Seen& seen = seen_[p.position];
    if (!seen.distribution.empty()) {
      seen.settled = divergence(p.distribution, seen.distribution) < rule_.divergence ? seen.settled + 1 : 0;
    }
    seen.distribution = p.distribution;
  }

  Rule rule_;
  std::map<int, Seen> seen_;
};

/// KLASS (arXiv 2511.05664): reveals every token that is probable enough and whose distribution has changed by less
/// than a Kullback-Leibler divergence in each of the last steps; where there is none, the most probable one.
class KlassSampler final : public Sampler {
 public:
  explicit KlassSampler(const Rule& rule) : rule_(rule) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<KlassRun>(canvas, std::move(info), rule_);
  }

 private:
  Rule rule_;
};

}  // namespace

std::unique_ptr<Sampler> make_klass_sampler(const SamplerOptions& options) {
  return std::make_unique<KlassSampler>(
      Rule{options.at("threshold"), options.at("kl"), int(options.at("history"))});
}

}  // namespace lacuna::samplers
