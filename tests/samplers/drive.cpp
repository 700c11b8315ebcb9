#include "tests/samplers/drive.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fusion/graph/philox.h"

namespace lacuna::samplers {

Driven drive(const Sampler& sampler, fusion::Canvas& canvas, RunInfo info, const Proposer& propose, int most) {
  info.scope = masked_positions(canvas);
  const auto run = sampler.start(canvas, info);
  Driven driven;
  for (int step = 0; step < most; ++step) {
    const auto wanted = run->next(canvas);
    if (!wanted) {
      driven.finished = true;
      break;
    }
    std::vector<PositionProposal> proposals;
    for (int p : wanted->positions) {
      const auto& spans = canvas.spans();
      const auto span = std::ranges::find_if(spans, [&](const fusion::Span& s) { return p >= s.begin && p < s.end(); });
      proposals.push_back(propose(canvas, p, span->modality));
      if (!wanted->distributions) proposals.back().distribution.clear();
    }
    driven.calls += !wanted->positions.empty();
    driven.asked.push_back(wanted->positions);
    const Moves moves = run->decide(canvas, proposals);
    for (int p : moves.remask) canvas.remask(p);
    for (const Reveal& r : moves.reveal) canvas.reveal(r.position, r.token);
    driven.remasked.push_back(moves.remask);
    driven.revealed.emplace_back();
    for (const Reveal& r : moves.reveal) driven.revealed.back().push_back(r.position);
  }
  return driven;
}

Proposer noisy_proposer(std::uint64_t seed) {
  return [seed](const fusion::Canvas& canvas, int position, fusion::Modality modality) {
    const bool text = modality == fusion::Modality::text;
    const int first = text ? 0 : 10, classes = text ? 10 : 16;
    std::vector<float> distribution;
    double total = 0;
    for (int k = 0; k < classes; ++k) {
      const double u = graph::uniform_at(seed, graph::RandomStream::data, std::uint32_t(canvas.masked_count()),
                                         std::uint32_t(position * 100 + k));
      distribution.push_back(float(std::pow(u, 6.0)));
      total += distribution.back();
    }
    for (float& p : distribution) p = float(p / total);
    const auto best = std::ranges::max_element(distribution);
    double entropy = 0;
    for (float p : distribution) entropy -= p > 0 ? p * std::log(p) : 0;
    auto sorted = distribution;
    std::ranges::sort(sorted, std::greater<>());
    return PositionProposal{position, modality, std::int32_t(first + (best - distribution.begin())), std::log(*best),
                            sorted[0] - sorted[1], float(entropy), distribution};
  };
}

}  // namespace lacuna::samplers
