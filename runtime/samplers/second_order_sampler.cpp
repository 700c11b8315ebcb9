#include <algorithm>
#include <map>
#include <utility>

#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/token_draw.h"

namespace lacuna::samplers {
namespace {

class SecondOrderRun final : public ScopedRun {
 public:
  SecondOrderRun(const fusion::Canvas& canvas, RunInfo info, OrderedRun::Groups groups)
      : ScopedRun(canvas, std::move(info)), groups_(std::move(groups)) {}

  std::optional<Wanted> next(const fusion::Canvas& canvas) override {
    due_ = masked_of(canvas, [&](std::size_t g) { return g <= step_; });
    while (due_.empty() && step_ + 1 < groups_.size()) {
      ++step_;
      due_ = masked_of(canvas, [&](std::size_t g) { return g <= step_; });
    }
    if (due_.empty()) return std::nullopt;
    // What comes next is looked at now too, so that there are two outputs for each position.
    Wanted wanted{due_, true};
    for (int p : masked_of(canvas, [&](std::size_t g) { return g == step_ + 1; })) wanted.positions.push_back(p);
    std::ranges::sort(wanted.positions);
    return wanted;
  }

  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals) override {
    Moves moves;
    std::map<int, std::vector<float>> seen;
    double lowest = fraction_;
    for (const PositionProposal& p : proposals) {
      if (std::ranges::find(due_, p.position) == due_.end()) {
        seen[p.position] = p.distribution;
        continue;
      }
      moves.reveal.push_back({p.position, drawn(p)});
      lowest = std::min(lowest, hitting_fraction(info(), p.position));
    }
    earlier_ = std::move(seen);
    earlier_fraction_ = fraction_;
    fraction_ = lowest;
    ++step_;
    return moves;
  }

 private:
  template <class InGroup>
  std::vector<int> masked_of(const fusion::Canvas& canvas, InGroup in_group) const {
    std::vector<int> positions;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (!in_group(g)) continue;
      for (int p : groups_[g]) {
        if (canvas.states()[std::size_t(p)] == fusion::PositionState::masked) positions.push_back(p);
      }
    }
    std::ranges::sort(positions);
    return positions;
  }

  std::int32_t drawn(const PositionProposal& p) const {
    const auto it = earlier_.find(p.position);
    if (it == earlier_.end() || !(earlier_fraction_ > fraction_)) return p.token;
    const double weight =
        (hitting_fraction(info(), p.position) - fraction_) / (fraction_ - earlier_fraction_);
    std::vector<float> mixed(p.distribution.size());
    int peak = 0;
    for (std::size_t k = 0; k < mixed.size(); ++k) {
      mixed[k] = float(std::max(0.0, p.distribution[k] + weight * (p.distribution[k] - it->second[k])));
      if (mixed[k] > mixed[std::size_t(peak)]) peak = int(k);
    }
    if (!(mixed[std::size_t(peak)] > 0)) return p.token;
    const int chosen = draw_class(mixed, info().draws.of(p.modality),
                                  uniform(graph::RandomStream::token, int(step_), p.position));
    return info().ranges[int(p.modality)].begin + chosen;
  }

  OrderedRun::Groups groups_;
  std::size_t step_ = 0;
  std::vector<int> due_;
  std::map<int, std::vector<float>> earlier_;  // distributions of the previous call
  double earlier_fraction_ = 1.0;              // masked fraction at the previous call
  double fraction_ = 1.0;                      // and at this one
};

/// The parallel first-hitting sampler of second order (arXiv 2409.02908, appendix G.1, extrapolation): the outputs of
/// the last two calls are carried along the masked fraction to the time at which each token is hit,
/// mu(tau) = mu_b + (tau - tau_b) / (tau_b - tau_a) (mu_b - mu_a), clipped at 0. Better than the first order at few
/// steps, too sharp at many.
class SecondOrderSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    const auto order = [&](fusion::Modality m) { return hitting_order(info, positions_of(canvas, info, m)); };
    auto groups = scheduled_groups(info, order(fusion::Modality::text), order(fusion::Modality::image));
    return std::make_unique<SecondOrderRun>(canvas, std::move(info), std::move(groups));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_second_order_sampler(const SamplerOptions&) {
  return std::make_unique<SecondOrderSampler>();
}

}  // namespace lacuna::samplers
