#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Reading order, codes row by row: the autoregressive control. With a step for each position exact, with fewer the
/// next few positions are drawn at once.
class LeftToRightSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    auto groups = scheduled_groups(info, positions_of(canvas, info, fusion::Modality::text),
                                   positions_of(canvas, info, fusion::Modality::image));
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_left_to_right_sampler(const SamplerOptions&) {
  return std::make_unique<LeftToRightSampler>();
}

}  // namespace lacuna::samplers
