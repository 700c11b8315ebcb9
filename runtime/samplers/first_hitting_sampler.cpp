#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// The first-hitting sampler (arXiv 2409.02908, section 4): the token that the reverse process hits next, one a call,
/// whatever the number of steps. Without time input only the order of the times matters. Exact.
class FirstHittingSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    OrderedRun::Groups groups;
    for (int p : hitting_order(info, info.scope)) groups.push_back({p});
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_first_hitting_sampler(const SamplerOptions&) {
  return std::make_unique<FirstHittingSampler>();
}

}  // namespace lacuna::samplers
