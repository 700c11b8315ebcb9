#include "fusion/graph/philox.h"
#include "runtime/samplers/reveal_best.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Positions in a uniformly random order that is fixed for the whole run: every position has its own hitting
/// time, so with one position a step this is the first-hitting sampler (arXiv 2409.02908, section 4), exact for a
/// network without time input; with more a step it is its parallel form.
class RandomSampler final : public Sampler {
 public:
  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals,
               const StepInfo& info) const override {
    return reveal_best(proposals, info, [&](const PositionProposal& p) {
      return graph::uniform_at(info.seed, graph::RandomStream::order, 0, std::uint32_t(p.position));
    });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_random_sampler(const SamplerOptions&) {
  return std::make_unique<RandomSampler>();
}

}  // namespace lacuna::samplers
