#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Positions in a uniformly random order that is fixed for the whole run, as many a step as the schedule says: the
/// parallel form of the first-hitting sampler (arXiv 2409.02908, appendix G.1). With a step for each position it is
/// exact for a network without time input.
class RandomSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const auto order = [&](fusion::Modality m) { return hitting_order(info, positions_of(canvas, info, m)); };
    auto groups = scheduled_groups(info, order(fusion::Modality::text), order(fusion::Modality::image));
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_random_sampler(const SamplerOptions&) { return std::make_unique<RandomSampler>(); }

}  // namespace lacuna::samplers
