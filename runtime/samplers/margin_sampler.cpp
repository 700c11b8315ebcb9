#include "runtime/samplers/reveal_best.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Positions with the largest gap between first and second class first (Dream's "topk_margin" order).
class MarginSampler final : public Sampler {
 public:
  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals,
               const StepInfo& info) const override {
    return reveal_best(proposals, info, [](const PositionProposal& p) { return double(p.margin); });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_margin_sampler(const SamplerOptions&) {
  return std::make_unique<MarginSampler>();
}

}  // namespace lacuna::samplers
