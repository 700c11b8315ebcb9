#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fusion/noise_schedule.h"
#include "runtime/generation/continue.h"
#include "runtime/generation/denoiser.h"
#include "runtime/generation/proposal_source.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::generation {

/// What becomes of positions for which a released network drew the mask itself, or that a released sampler left over:
/// they are drawn once more without the mask, or stay masked as in the original code.
enum class Leftover : std::uint8_t { filled, kept };

/// What the loop needs besides canvases and a sampler.
struct LoopOptions {
  int steps = 12;
  fusion::NoiseSchedule text_schedule{fusion::ScheduleKind::linear};
  fusion::NoiseSchedule image_schedule{fusion::ScheduleKind::cosine};
  Draws draws;
  /// Ids of the token space that are drawn nowhere; what is given may hold them.
  std::vector<std::int32_t> banned;
  Leftover leftover = Leftover::filled;
  int network_block = 0;  // RunInfo::network_block

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// After each step. `canvases` and `seeds` are those of the call.
struct StepReport {
  int step = 0;  // 1-based
  int steps = 0;
  int masked_left = 0;  // over all canvases
  std::span<const fusion::Canvas> canvases;
};

using StepCallback = std::function<Continue(const StepReport&)>;

/// Whether a run came to its end, or the callback or the engine (graph::Cancelled) stopped it.
enum class Outcome : std::uint8_t { finished, cancelled };

struct LoopResult {
  Outcome outcome = Outcome::finished;
  /// By canvas: sum of the log-probabilities of its tokens, each at the moment it was revealed.
  std::vector<double> log_probs;
  /// By canvas: how often its own run asked for proposals.
  std::vector<int> calls;
};

/// The one loop of all jobs: asks each canvas's run what it needs, proposes, and carries its moves out, until every run
/// has finished. Where the token space says so (TextEnd::fills_span) text follows one rule of its own: what comes after
/// an end-of-text is end-of-text, and none is placed before a known word. Canvases run as one batch; each result depends
/// on its own canvas and seed alone. A step in which no run needs proposals costs no pass. Throws std::invalid_argument unless there is one seed for each canvas, or
/// for a ban of every token of a modality that is to be filled; std::logic_error for a sampler that finishes early.
LoopResult denoise(ProposalSource& source, const samplers::Sampler& sampler, std::span<fusion::Canvas> canvases,
                   std::span<const std::uint64_t> seeds, const LoopOptions& options,
                   const StepCallback& after_step = {});

}  // namespace lacuna::generation
