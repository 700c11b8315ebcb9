#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {
namespace {

/// m masked positions in S steps: floor(m / S) a step, the surplus in the first ones.
StepCounts evenly(int masked, int steps) {
  StepCounts counts;
  for (int i = 0, left = masked; i < steps; ++i) {
    left -= masked / steps + (i < masked % steps ? 1 : 0);
    counts.push_back(left);
  }
  return counts;
}

/// LLaDA's low-confidence remasking (arXiv 2502.09992, algorithm 5): of what is drawn the most probable tokens stay,
/// evenly many a step. With the option block it is the semi-autoregressive form.
class LladaSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const int steps = info.steps;
    return std::make_unique<ScoredRun>(
        canvas, std::move(info), [steps](int masked, fusion::Modality) { return evenly(masked, steps); },
        [](const PositionProposal& p, int) { return double(p.log_prob); });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_llada_sampler(const SamplerOptions&) { return std::make_unique<LladaSampler>(); }

}  // namespace lacuna::samplers
