#include "runtime/samplers/prefix_run.h"

#include <algorithm>
#include <utility>

namespace lacuna::samplers {

PrefixRun::PrefixRun(const fusion::Canvas& canvas, RunInfo info, Order order, Accept accept)
    : ScopedRun(canvas, std::move(info)), order_(std::move(order)), accept_(std::move(accept)) {}

std::optional<Wanted> PrefixRun::next(const fusion::Canvas& canvas) {
  Wanted wanted{masked(canvas)};
  if (wanted.positions.empty()) return std::nullopt;
  return wanted;
}

Moves PrefixRun::decide(const fusion::Canvas&, std::span<const PositionProposal> proposals) {
  Moves moves;
  for (fusion::Modality m : kModalities) {
    const auto sorted = sorted_by_score(proposals, m, order_);
    if (sorted.empty()) continue;
    const int count = std::clamp(accept_(sorted), 1, int(sorted.size()));
    for (int i = 0; i < count; ++i) {
      moves.reveal.push_back({sorted[std::size_t(i)]->position, sorted[std::size_t(i)]->token});
    }
  }
  return moves;
}

}  // namespace lacuna::samplers
