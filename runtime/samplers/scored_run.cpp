#include "runtime/samplers/scored_run.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lacuna::samplers {

using fusion::Canvas;
using fusion::Modality;

ScoredRun::ScoredRun(const Canvas& canvas, RunInfo info, const std::function<StepCounts(int, Modality)>& plan,
                     Score score)
    : ScopedRun(canvas, std::move(info)), score_(std::move(score)) {
  for (Modality m : kModalities) counts_[int(m)] = plan(int(scope(m).size()), m);
}

ScoredRun::ScoredRun(const Canvas& canvas, RunInfo info, Score score)
    : ScopedRun(canvas, std::move(info)), score_(std::move(score)) {
  for (Modality m : kModalities) {
    counts_[int(m)] = fusion::masked_after_steps(this->info().schedules[int(m)], int(scope(m).size()),
                                                 this->info().steps);
  }
}

int ScoredRun::keep(Modality modality) const {
  const StepCounts& counts = counts_[int(modality)];
  return std::size_t(step_) < counts.size() ? counts[std::size_t(step_)] : 0;
}

std::optional<Wanted> ScoredRun::next(const Canvas& canvas) {
  Wanted wanted{masked(canvas)};
  if (wanted.positions.empty()) return std::nullopt;
  int left[2] = {0, 0};
  for (Modality m : kModalities) {
    left[int(m)] = int(std::ranges::count_if(scope(m), [&](int p) {
      return canvas.states()[std::size_t(p)] == fusion::PositionState::masked;
    }));
  }
  while (left[0] <= keep(Modality::text) && left[1] <= keep(Modality::image)) ++step_;
  return wanted;
}

Moves ScoredRun::decide(const Canvas&, std::span<const PositionProposal> proposals) {
  Moves moves;
  for (Modality m : kModalities) {
    const auto sorted =
        sorted_by_score(proposals, m, [&](const PositionProposal& p) { return score_(p, step_); });
    const int count = int(sorted.size()) - keep(m);
    for (int i = 0; i < count; ++i) {
      moves.reveal.push_back({sorted[std::size_t(i)]->position, sorted[std::size_t(i)]->token});
    }
  }
  ++step_;
  return moves;
}

std::vector<const PositionProposal*> sorted_by_score(std::span<const PositionProposal> proposals, Modality modality,
                                                     const std::function<double(const PositionProposal&)>& score) {
  std::vector<std::pair<double, const PositionProposal*>> scored;
  for (const PositionProposal& p : proposals) {
    if (p.modality == modality) scored.push_back({score(p), &p});
  }
  std::ranges::sort(scored, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->position < b.second->position;
  });
  std::vector<const PositionProposal*> sorted;
  for (const auto& [value, proposal] : scored) sorted.push_back(proposal);
  return sorted;
}

double gumbel(double uniform) { return -std::log(-std::log(uniform)); }

}  // namespace lacuna::samplers
