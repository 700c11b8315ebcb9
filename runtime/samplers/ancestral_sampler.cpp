#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// The ancestral sampler of MDLM (arXiv 2406.07524): N steps of equal length, in each of which a masked token is
/// revealed with probability (alpha_s - alpha_t) / (1 - alpha_t), given and revealed ones stay. Every position draws
/// its own hitting fraction once instead of a coin in every step, which is the same process (arXiv 2409.02908,
/// section 4), forms no small probabilities, and costs no call in steps that reveal nothing.
class AncestralSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    OrderedRun::Groups groups;
    for (fusion::Modality m : kModalities) {
      std::vector<double> rates;
      for (int i = 1; i <= info.steps; ++i) {
        rates.push_back(info.schedules[int(m)].mask_rate(1.0 - double(i) / info.steps));
      }
      group_by_rates(info, positions_of(canvas, info, m), rates, groups);
    }
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_ancestral_sampler(const SamplerOptions&) { return std::make_unique<AncestralSampler>(); }

}  // namespace lacuna::samplers
