#include "runtime/samplers/reveal_best.h"

#include <algorithm>
#include <cmath>

#include "fusion/graph/philox.h"

namespace lacuna::samplers {

Moves reveal_best(std::span<const PositionProposal> proposals, const StepInfo& info, const Score& score) {
  struct Scored {
    double score;
    const PositionProposal* proposal;
  };
  Moves moves;
  for (const auto modality : {fusion::Modality::text, fusion::Modality::image}) {
    std::vector<Scored> scored;
    for (const PositionProposal& p : proposals) {
      if (p.modality == modality) scored.push_back({score(p), &p});
    }
    const int keep = info.keep_masked[int(modality)];
    const auto count = std::max<std::ptrdiff_t>(0, std::ptrdiff_t(scored.size()) - keep);
    std::ranges::partial_sort(scored, scored.begin() + count, [](const Scored& a, const Scored& b) {
      return a.score != b.score ? a.score > b.score : a.proposal->position < b.proposal->position;
    });
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const PositionProposal& p = *scored[std::size_t(i)].proposal;
      moves.reveal.push_back({p.position, p.token});
    }
  }
  return moves;
}

double gumbel_at(const StepInfo& info, int position) {
  return -std::log(-std::log(graph::uniform_at(info.seed, graph::RandomStream::confidence, info.step,
                                               std::uint32_t(position))));
}

}  // namespace lacuna::samplers
