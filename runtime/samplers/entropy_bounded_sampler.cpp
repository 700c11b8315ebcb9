#include <algorithm>

#include "runtime/samplers/prefix_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// The longest prefix U with sum of H over U minus the largest H <= gamma.
int within_bound(std::span<const PositionProposal* const> sorted, double gamma) {
  double sum = 0, largest = 0;
  int count = 0;
  for (const PositionProposal* p : sorted) {
    sum += p->entropy;
    largest = std::max(largest, double(p->entropy));
    if (sum - largest > gamma) break;
    ++count;
  }
  return count;
}

/// The entropy-bounded sampler (arXiv 2505.24857): the error of drawing positions independently of each other is at
/// most the sum of their entropies less the largest, so as many are revealed as keep that within gamma.
class EntropyBoundedSampler final : public Sampler {
 public:
  explicit EntropyBoundedSampler(double gamma) : gamma_(gamma) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<PrefixRun>(
        canvas, std::move(info), [](const PositionProposal& p) { return -double(p.entropy); },
        [gamma = gamma_](auto sorted) { return within_bound(sorted, gamma); });
  }

 private:
  double gamma_;
};

}  // namespace

std::unique_ptr<Sampler> make_entropy_bounded_sampler(const SamplerOptions& options) {
  return std::make_unique<EntropyBoundedSampler>(options.at("gamma"));
}

}  // namespace lacuna::samplers
