#include "runtime/samplers/ordered_run.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lacuna::samplers {

using fusion::Canvas;
using fusion::Modality;
using fusion::PositionState;

OrderedRun::OrderedRun(const Canvas& canvas, RunInfo info, Groups groups)
    : ScopedRun(canvas, std::move(info)), groups_(std::move(groups)) {}

std::optional<Wanted> OrderedRun::next(const Canvas& canvas) {
  if (masked(canvas).empty()) return std::nullopt;
  // Everything due by now, so that a reveal that was taken back comes again.
  Wanted wanted;
  for (std::size_t g = 0; g < groups_.size() && (g <= step_ || wanted.positions.empty()); ++g) {
    step_ = std::max(step_, g);
    for (int p : groups_[g]) {
      if (canvas.states()[std::size_t(p)] == PositionState::masked) wanted.positions.push_back(p);
    }
  }
  std::ranges::sort(wanted.positions);
  return wanted;
}

Moves OrderedRun::decide(const Canvas&, std::span<const PositionProposal> proposals) {
  Moves moves;
  for (const PositionProposal& p : proposals) moves.reveal.push_back({p.position, p.token});
  ++step_;
  return moves;
}

std::vector<int> positions_of(const Canvas& canvas, const RunInfo& info, Modality modality) {
  std::vector<int> positions;
  for (const fusion::Span& span : canvas.spans()) {
    if (span.modality != modality) continue;
    std::ranges::copy_if(info.scope, std::back_inserter(positions),
                         [&](int p) { return p >= span.begin && p < span.end(); });
  }
  return positions;
}

void cut_into_groups(std::span<const int> order, std::span<const int> masked_after, OrderedRun::Groups& groups) {
  if (groups.size() < masked_after.size()) groups.resize(masked_after.size());
  std::size_t done = 0;
  for (std::size_t i = 0; i < masked_after.size(); ++i) {
    for (; done < order.size() - std::size_t(masked_after[i]); ++done) groups[i].push_back(order[done]);
  }
}

OrderedRun::Groups scheduled_groups(const RunInfo& info, std::span<const int> text_order,
                                    std::span<const int> image_order) {
  OrderedRun::Groups groups;
  cut_into_groups(text_order, masked_after_steps(info.schedules[0], int(text_order.size()), info.steps), groups);
  cut_into_groups(image_order, masked_after_steps(info.schedules[1], int(image_order.size()), info.steps), groups);
  return groups;
}

double hitting_fraction(const RunInfo& info, int position) {
  return graph::uniform_at(info.seed, graph::RandomStream::order, 0, std::uint32_t(position));
}

std::vector<int> hitting_order(const RunInfo& info, std::vector<int> positions) {
  std::ranges::sort(positions, [&](int a, int b) {
    const double u = hitting_fraction(info, a), v = hitting_fraction(info, b);
    return u != v ? u > v : a < b;
  });
  return positions;
}

void group_by_rates(const RunInfo& info, std::span<const int> positions, std::span<const double> rates,
                    OrderedRun::Groups& groups) {
  if (rates.empty()) throw std::invalid_argument("[sampler] expected steps >= 1, got 0");
  if (groups.size() < rates.size()) groups.resize(rates.size());
  for (int p : positions) {
    // Rates descend; the first that is not above the fraction is the step in which the mask level passes it.
    const auto it = std::ranges::partition_point(rates, [&](double rate) { return rate > hitting_fraction(info, p); });
    groups[std::size_t(std::min<std::ptrdiff_t>(it - rates.begin(), std::ptrdiff_t(rates.size()) - 1))].push_back(p);
  }
}

}  // namespace lacuna::samplers
