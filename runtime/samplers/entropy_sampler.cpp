#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {
namespace {

/// Positions with the least entropy first.
class EntropySampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<ScoredRun>(canvas, std::move(info),
                                       [](const PositionProposal& p, int) { return -double(p.entropy); });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_entropy_sampler(const SamplerOptions&) { return std::make_unique<EntropySampler>(); }

}  // namespace lacuna::samplers
