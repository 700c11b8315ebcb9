#include "runtime/generation/denoise_loop.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fusion/graph/cancel.h"
#include "runtime/generation/text_end.h"

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;

int total_masked(std::span<const Canvas> canvases) {
  return std::accumulate(canvases.begin(), canvases.end(), 0,
                         [](int sum, const Canvas& c) { return sum + c.masked_count(); });
}

/// One canvas on its way.
struct Job {
  Canvas* canvas = nullptr;
  std::uint64_t seed = 0;
  std::unique_ptr<samplers::SamplerRun> run;
  std::optional<samplers::Wanted> wanted;
  std::vector<double> log_probs;  // by position, of the token that stands there
  int calls = 0;
};

void check_bans(const fusion::TokenSpace& space, const Canvas& canvas, std::span<const std::int32_t> banned) {
  for (Modality m : {Modality::text, Modality::image}) {
    const fusion::IdRange& range = space.range(m);
    std::set<std::int32_t> out;
    for (std::int32_t id : banned) {
      if (range.contains(id)) out.insert(id);
    }
    // The end of a text may not stand before a known word, so it alone is not enough.
    if (range.contains(space.end_of_text) && range.size > 1) out.insert(space.end_of_text);
    if (!canvas.masked_positions(m).empty() && int(out.size()) == range.size) {
      throw std::invalid_argument("[denoise] expected at least one " + std::string(name_of(m)) +
                                  " token that is not banned, all " + std::to_string(range.size) + " are");
    }
  }
}

Job start(const samplers::Sampler& sampler, const fusion::TokenSpace& space, Canvas& canvas, std::uint64_t seed,
          const LoopOptions& options) {
  check_bans(space, canvas, options.banned);
  samplers::RunInfo info{seed, options.steps, {options.text_schedule, options.image_schedule}, options.draws,
                         {space.text, space.image}, samplers::masked_positions(canvas), options.network_block};
  return {&canvas, seed, sampler.start(canvas, std::move(info)), {}, std::vector<double>(std::size_t(canvas.size()))};
}

void apply(const samplers::Moves& moves, std::span<const samplers::PositionProposal> proposals, Job& job) {
  for (int position : moves.remask) {
    job.canvas->remask(position);
    job.log_probs[std::size_t(position)] = 0;
  }
  for (const samplers::Reveal& reveal : moves.reveal) {
    job.canvas->reveal(reveal.position, reveal.token);
    const auto it = std::ranges::lower_bound(proposals, reveal.position, {}, &samplers::PositionProposal::position);
    if (it != proposals.end() && it->position == reveal.position) {
      job.log_probs[std::size_t(reveal.position)] = it->log_prob;
    }
  }
}

/// False when the engine was asked to stop meanwhile.
bool propose(ProposalSource& source, std::span<const DenoiseRequest> requests, const Draws& draws, std::uint32_t step,
             std::vector<std::vector<samplers::PositionProposal>>& proposals) {
  if (requests.empty()) return true;
  try {
    proposals = source.propose(requests, draws, step);
    return true;
  } catch (const graph::Cancelled&) {
    return false;
  }
}

/// Draws what is still masked once more, without the mask.
void fill_leftover(ProposalSource& source, std::span<Job> jobs, const LoopOptions& options, std::uint32_t step) {
  std::vector<std::int32_t> banned = options.banned;
  banned.push_back(source.tokens().mask);
  for (Job& job : jobs) {
    if (job.canvas->masked_count() == 0) continue;
    const DenoiseRequest request{job.canvas, job.seed, {}, false, banned};
    const auto proposals = source.propose({&request, 1}, options.draws, step);
    samplers::Moves moves;
    for (const auto& p : proposals.front()) moves.reveal.push_back({p.position, p.token});
    apply(moves, proposals.front(), job);
    ++job.calls;
  }
}

}  // namespace

void LoopOptions::validate() const {
  if (steps < 1) throw std::invalid_argument("[denoise] expected steps >= 1, got " + std::to_string(steps));
  draws.text.validate();
  draws.image.validate();
}

LoopResult denoise(ProposalSource& source, const samplers::Sampler& sampler, std::span<Canvas> canvases,
                   std::span<const std::uint64_t> seeds, const LoopOptions& options,
                   const StepCallback& after_step) {
  options.validate();
  if (canvases.size() != seeds.size()) {
    throw std::invalid_argument("[denoise] expected one seed for each of " + std::to_string(canvases.size()) +
                                " canvases, got " + std::to_string(seeds.size()));
  }
  const fusion::TokenSpace& space = source.tokens();
  LoopResult result;
  std::vector<Job> jobs;
  for (std::size_t c = 0; c < canvases.size(); ++c) {
    jobs.push_back(start(sampler, space, canvases[c], seeds[c], options));
  }
  const bool fills = space.text_end == fusion::TextEnd::fills_span;
  int step = 0;
  for (;; ++step) {
    std::vector<Job*> active;
    for (Job& job : jobs) {
      job.wanted = job.run->next(*job.canvas);
      if (job.wanted) active.push_back(&job);
    }
    if (active.empty()) break;
    std::vector<DenoiseRequest> requests;
    for (Job* job : active) {
      if (job->wanted->positions.empty()) continue;
      requests.push_back(
          {job->canvas, job->seed, job->wanted->positions, job->wanted->distributions, options.banned});
      ++job->calls;
    }
    std::vector<std::vector<samplers::PositionProposal>> proposals;
    if (!propose(source, requests, options.draws, std::uint32_t(step), proposals)) {
      result.outcome = Outcome::cancelled;
      break;
    }
    std::size_t next = 0;
    for (Job* job : active) {
      std::span<const samplers::PositionProposal> own;
      if (!job->wanted->positions.empty()) own = proposals[next++];
      samplers::Moves moves = job->run->decide(*job->canvas, own);
      if (fills) drop_early_ends(space, *job->canvas, moves);
      apply(moves, own, *job);
      if (fills) fill_after_end(space, *job->canvas);
    }
    const StepReport report{step + 1, std::max(step + 1, options.steps), total_masked(canvases), canvases};
    if (after_step && after_step(report) == Continue::no) {
      result.outcome = Outcome::cancelled;
      break;
    }
  }
  if (!fills && result.outcome == Outcome::finished && options.leftover == Leftover::filled) {
    fill_leftover(source, jobs, options, std::uint32_t(step));
  }
  const bool may_stay = !fills && options.leftover == Leftover::kept;
  for (const Job& job : jobs) {
    if (!may_stay && result.outcome == Outcome::finished && job.canvas->masked_count() > 0) {
      throw std::logic_error("[denoise] expected a sampler that leaves nothing masked, it left " +
                             std::to_string(job.canvas->masked_count()) + " positions");
    }
    result.log_probs.push_back(std::accumulate(job.log_probs.begin(), job.log_probs.end(), 0.0));
    result.calls.push_back(job.calls);
  }
  return result;
}

}  // namespace lacuna::generation
