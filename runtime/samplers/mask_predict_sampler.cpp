#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scoped_run.h"

namespace lacuna::samplers {
namespace {

class MaskPredictRun final : public ScopedRun {
 public:
  MaskPredictRun(const fusion::Canvas& canvas, RunInfo info) : ScopedRun(canvas, std::move(info)) {}

  std::optional<Wanted> next(const fusion::Canvas& canvas) override {
    Wanted wanted{masked(canvas)};
    if (wanted.positions.empty() && iteration_ >= info().steps) return std::nullopt;
    return wanted;
  }

  Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals) override {
    for (const PositionProposal& p : proposals) probability_[p.position] = std::exp(double(p.log_prob));
    ++iteration_;
    const std::set<int> again = worst();
    Moves moves;
    for (const PositionProposal& p : proposals) {
      if (!again.contains(p.position)) moves.reveal.push_back({p.position, p.token});
    }
    for (int p : again) {
      if (canvas.states()[std::size_t(p)] == fusion::PositionState::revealed) moves.remask.push_back(p);
    }
    return moves;
  }

 private:
  /// What is masked in the next iteration: of each modality floor(n (1 - c / T)) positions, at least 1.
  std::set<int> worst() const {
    std::set<int> positions;
    if (iteration_ >= info().steps) return positions;
    for (fusion::Modality m : kModalities) {
      std::vector<std::pair<double, int>> sorted;
      for (int p : scope(m)) {
        const auto it = probability_.find(p);
        // What the loop filled behind an end of text was never drawn: as sure as that end.
        sorted.push_back({it == probability_.end() ? 1.0 : it->second, p});
      }
      std::ranges::sort(sorted);
      const double share = 1.0 - double(iteration_) / info().steps;
      const auto count = std::min(sorted.size(), std::max(std::size_t(1), std::size_t(double(sorted.size()) * share + 1e-9)));
      for (std::size_t i = 0; i < count; ++i) positions.insert(sorted[i].second);
    }
    return positions;
  }

  std::map<int, double> probability_;  // of each token when it was drawn
  int iteration_ = 0;
};

/// Mask-Predict (Ghazvininejad et al. 2019): everything is predicted at once; then, over the steps fewer and fewer of
/// the least probable tokens are masked and predicted again. Meant for temperature 0.
class MaskPredictSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<MaskPredictRun>(canvas, std::move(info));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_mask_predict_sampler(const SamplerOptions&) {
  return std::make_unique<MaskPredictSampler>();
}

}  // namespace lacuna::samplers
