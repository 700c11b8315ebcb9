#include "runtime/samplers/reveal_best.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// MaskGIT (Chang et al. 2022, section 3.2): the most confident tokens stay; the confidence is log p plus
/// Gumbel noise that falls linearly to 0 over the steps. Without noise: LLaDA's low-confidence remasking.
class ConfidenceSampler final : public Sampler {
 public:
  explicit ConfidenceSampler(const SamplerOptions& options) : randomness_(options.randomness) {}

  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals,
               const StepInfo& info) const override {
    const double noise = randomness_ * (1.0 - double(info.step + 1) / info.steps);
    return reveal_best(proposals, info, [&](const PositionProposal& p) {
      return p.log_prob + (noise > 0 ? noise * gumbel_at(info, p.position) : 0.0);
    });
  }

 private:
  double randomness_;
};

}  // namespace

std::unique_ptr<Sampler> make_confidence_sampler(const SamplerOptions& options) {
  return std::make_unique<ConfidenceSampler>(options);
}

}  // namespace lacuna::samplers
