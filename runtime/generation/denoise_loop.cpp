#include "runtime/generation/denoise_loop.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/generation/text_end.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;

/// How many positions of each modality are left masked after each step, for one canvas.
struct Plan {
  std::vector<int> keep[2];
};

Plan plan_steps(const Canvas& canvas, const LoopOptions& options) {
  const auto counts = [&](const fusion::NoiseSchedule& schedule, Modality modality) {
    return fusion::masked_after_steps(schedule, int(canvas.masked_positions(modality).size()), options.steps);
  };
  return {{counts(options.text_schedule, Modality::text), counts(options.image_schedule, Modality::image)}};
}

int total_masked(std::span<const Canvas> canvases) {
  return std::accumulate(canvases.begin(), canvases.end(), 0,
                         [](int sum, const Canvas& c) { return sum + c.masked_count(); });
}

/// Carries the moves out. Returns the sum of the revealed proposals' log-probabilities.
double apply(const samplers::Moves& moves, std::span<const samplers::PositionProposal> proposals,
             Canvas& canvas) {
  double log_prob = 0;
  for (const samplers::Reveal& reveal : moves.reveal) {
    canvas.reveal(reveal.position, reveal.token);
    const auto it = std::ranges::lower_bound(proposals, reveal.position, {}, &samplers::PositionProposal::position);
    if (it != proposals.end() && it->position == reveal.position) log_prob += it->log_prob;
  }
  for (int position : moves.remask) canvas.remask(position);
  return log_prob;
}

}  // namespace

void LoopOptions::validate() const {
  if (steps < 1) throw std::invalid_argument("[denoise] expected steps >= 1, got " + std::to_string(steps));
  draws.text.validate();
  draws.image.validate();
}

LoopResult denoise(Denoiser& denoiser, const samplers::Sampler& sampler, std::span<Canvas> canvases,
                   std::span<const std::uint64_t> seeds, const LoopOptions& options,
                   const StepCallback& after_step) {
  options.validate();
  if (canvases.size() != seeds.size()) {
    throw std::invalid_argument("[denoise] expected one seed for each of " + std::to_string(canvases.size()) +
                                " canvases, got " + std::to_string(seeds.size()));
  }
  const fusion::TokenSpace& space = denoiser.family().tokens();
  LoopResult result{Outcome::finished, std::vector<double>(canvases.size(), 0.0)};
  std::vector<Plan> plans;
  for (const Canvas& canvas : canvases) plans.push_back(plan_steps(canvas, options));

  // Past the planned steps there is something left only where an early end-of-text was taken back.
  for (int step = 0; step < options.steps || total_masked(canvases) > 0; ++step) {
    const auto planned = std::size_t(std::min(step, options.steps - 1));
    std::vector<DenoiseRequest> requests;
    std::vector<std::size_t> active;
    for (std::size_t c = 0; c < canvases.size(); ++c) {
      if (canvases[c].masked_count() == 0) continue;
      requests.push_back({&canvases[c], seeds[c]});
      active.push_back(c);
    }
    if (active.empty()) break;
    auto proposals = denoiser.propose(requests, options.draws, std::uint32_t(step));
    for (std::size_t i = 0; i < active.size(); ++i) {
      const std::size_t c = active[i];
      samplers::StepInfo info{seeds[c], std::uint32_t(step), options.steps,
                              {plans[c].keep[0][planned], plans[c].keep[1][planned]}};
      samplers::Moves moves = sampler.decide(canvases[c], proposals[i], info);
      drop_early_ends(space, canvases[c], moves);
      result.log_probs[c] += apply(moves, proposals[i], canvases[c]);
      fill_after_end(space, canvases[c]);
    }
    const StepReport report{step + 1, std::max(step + 1, options.steps), total_masked(canvases), canvases};
    if (after_step && after_step(report) == Continue::no) {
      result.outcome = Outcome::cancelled;
      break;
    }
  }
  return result;
}

}  // namespace lacuna::generation
