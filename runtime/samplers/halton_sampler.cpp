#include <map>

#include "runtime/samplers/halton_order.h"
#include "runtime/samplers/reveal_best.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Image codes in a fixed low-discrepancy order, so that the codes of one step lie far apart and depend little on
/// each other (Halton-MaskGIT, arXiv 2503.17076); text, which has no grid, by confidence.
class HaltonSampler final : public Sampler {
 public:
  Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals,
               const StepInfo& info) const override {
    std::map<int, int> rank;  // by position
    for (const fusion::Span& span : canvas.spans()) {
      if (span.modality != fusion::Modality::image) continue;
      const auto order = halton_order(span.grid_height, span.grid_width);
      for (std::size_t i = 0; i < order.size(); ++i) rank[span.begin + order[i]] = int(i);
    }
    return reveal_best(proposals, info, [&](const PositionProposal& p) {
      return p.modality == fusion::Modality::image ? -double(rank.at(p.position)) : double(p.log_prob);
    });
  }
};

}  // namespace

std::unique_ptr<Sampler> make_halton_sampler(const SamplerOptions&) {
  return std::make_unique<HaltonSampler>();
}

}  // namespace lacuna::samplers
