#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {
namespace {

/// Positions with the largest gap between first and second class first.
class MarginSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<ScoredRun>(canvas, std::move(info),
                                       [](const PositionProposal& p, int) { return double(p.margin); });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_margin_sampler(const SamplerOptions&) { return std::make_unique<MarginSampler>(); }

}  // namespace lacuna::samplers
