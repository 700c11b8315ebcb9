#include "runtime/samplers/reveal_best.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Positions with the least entropy first (Dream's "entropy" order).
class EntropySampler final : public Sampler {
 public:
  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals,
               const StepInfo& info) const override {
    return reveal_best(proposals, info, [](const PositionProposal& p) { return -double(p.entropy); });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_entropy_sampler(const SamplerOptions&) {
  return std::make_unique<EntropySampler>();
}

}  // namespace lacuna::samplers
