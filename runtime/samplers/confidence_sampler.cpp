#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {
namespace {

/// MaskGIT (Chang et al. 2022, section 3.2): the most confident tokens stay; the confidence is log p plus
/// Gumbel noise that falls linearly to 0 over the steps.
class ConfidenceSampler final : public Sampler {
 public:
  explicit ConfidenceSampler(double randomness) : randomness_(randomness) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const auto score = [seed = info.seed, steps = info.steps, randomness = randomness_](const PositionProposal& p,
                                                                                      int step) {
      const double noise = randomness * (1.0 - double(step + 1) / steps);
      if (noise <= 0) return double(p.log_prob);
      return p.log_prob + noise * gumbel(graph::uniform_at(seed, graph::RandomStream::confidence, std::uint32_t(step),
                                                           std::uint32_t(p.position)));
    };
    return std::make_unique<ScoredRun>(canvas, std::move(info), score);
  }

 private:
  double randomness_;
};

}  // namespace

std::unique_ptr<Sampler> make_confidence_sampler(const SamplerOptions& options) {
  return std::make_unique<ConfidenceSampler>(options.at("randomness"));
}

}  // namespace lacuna::samplers
