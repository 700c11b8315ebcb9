#include <cmath>

#include "runtime/samplers/prefix_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Fast-dLLM's factor rule (arXiv 2505.22618): with probabilities c_1 >= c_2 >= ..., the n-th token is kept while
/// c_n >= 1 - f / (n + 1); the first always.
class FactorSampler final : public Sampler {
 public:
  explicit FactorSampler(double factor) : factor_(factor) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const auto accept = [factor = factor_](std::span<const PositionProposal* const> sorted) {
      std::size_t n = 0;
      while (n < sorted.size() && std::exp(double(sorted[n]->log_prob)) >= 1.0 - factor / double(n + 2)) ++n;
      return int(n);
    };
    return std::make_unique<PrefixRun>(
        canvas, std::move(info), [](const PositionProposal& p) { return double(p.log_prob); }, accept);
  }

 private:
  double factor_;
};

}  // namespace

std::unique_ptr<Sampler> make_factor_sampler(const SamplerOptions& options) {
  return std::make_unique<FactorSampler>(options.at("factor"));
}

}  // namespace lacuna::samplers
