#include <cmath>

#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"

/// The four orders of Dream 7B: times fall linearly from 1 to 1e-3, and of what is masked at t the share 1 - s / t is
/// revealed; the last step reveals the rest.
namespace lacuna::samplers {
namespace {

constexpr double kLastTime = 1e-3;

double time_at(int step, int steps) { return 1.0 + (kLastTime - 1.0) * step / steps; }

StepCounts linear_time_counts(int masked, int steps) {
  StepCounts counts;
  for (int i = 0, left = masked; i < steps; ++i) {
    left -= int(left * (1.0 - time_at(i + 1, steps) / time_at(i, steps)));
    counts.push_back(i + 1 == steps ? 0 : left);
  }
  return counts;
}

/// "origin": each masked position on its own with probability 1 - s / t. Written with hitting fractions, see the
/// ancestral sampler.
class DreamOriginSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    std::vector<double> rates;
    for (int i = 1; i <= info.steps; ++i) rates.push_back(i == info.steps ? 0.0 : time_at(i, info.steps));
    OrderedRun::Groups groups;
    group_by_rates(info, info.scope, rates, groups);
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }
};

/// By a confidence; with a temperature positions are drawn without replacement from softmax(confidence / temperature),
/// which is the order of confidence / temperature + Gumbel noise.
class DreamOrderSampler final : public Sampler {
 public:
  using Confidence = double (*)(const PositionProposal&);
  DreamOrderSampler(Confidence confidence, double temperature) : confidence_(confidence), temperature_(temperature) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const int steps = info.steps;
    const auto score = [seed = info.seed, confidence = confidence_, temperature = temperature_](
                           const PositionProposal& p, int step) {
      if (temperature <= 0) return confidence(p);
      return confidence(p) / temperature +
             gumbel(graph::uniform_at(seed, graph::RandomStream::confidence, std::uint32_t(step),
                                      std::uint32_t(p.position)));
    };
    return std::make_unique<ScoredRun>(
        canvas, std::move(info), [steps](int masked, fusion::Modality) { return linear_time_counts(masked, steps); },
        score);
  }

 private:
  Confidence confidence_;
  double temperature_;
};

std::unique_ptr<Sampler> make_order(DreamOrderSampler::Confidence confidence, const SamplerOptions& options) {
  return std::make_unique<DreamOrderSampler>(confidence, options.at("alg-temp"));
}

}  // namespace

std::unique_ptr<Sampler> make_dream_origin_sampler(const SamplerOptions&) {
  return std::make_unique<DreamOriginSampler>();
}

std::unique_ptr<Sampler> make_dream_probability_sampler(const SamplerOptions& options) {
  return make_order([](const PositionProposal& p) { return std::exp(double(p.log_prob)); }, options);
}

std::unique_ptr<Sampler> make_dream_margin_sampler(const SamplerOptions& options) {
  return make_order([](const PositionProposal& p) { return double(p.margin); }, options);
}

std::unique_ptr<Sampler> make_dream_entropy_sampler(const SamplerOptions& options) {
  return make_order([](const PositionProposal& p) { return -double(p.entropy); }, options);
}

}  // namespace lacuna::samplers
