#include <cmath>

#include "runtime/samplers/prefix_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// Fast-dLLM's confidence threshold (arXiv 2505.22618): everything drawn with at least this probability, and always
/// the most probable.
class ThresholdSampler final : public Sampler {
 public:
  explicit ThresholdSampler(double threshold) : threshold_(threshold) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const auto accept = [threshold = threshold_](std::span<const PositionProposal* const> sorted) {
      int count = 0;
      for (const PositionProposal* p : sorted) count += std::exp(double(p->log_prob)) >= threshold;
      return count;
    };
    return std::make_unique<PrefixRun>(
        canvas, std::move(info), [](const PositionProposal& p) { return double(p.log_prob); }, accept);
  }

 private:
  double threshold_;
};

}  // namespace

std::unique_ptr<Sampler> make_threshold_sampler(const SamplerOptions& options) {
  return std::make_unique<ThresholdSampler>(options.at("threshold"));
}

}  // namespace lacuna::samplers
