#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fusion/canvas.h"
#include "fusion/noise_schedule.h"
#include "runtime/samplers/draw_options.h"

namespace lacuna::samplers {

/// What the network proposes for one masked position; log_prob, margin and entropy as in graph/proposal.h.
struct PositionProposal {
  int position = 0;
  fusion::Modality modality = fusion::Modality::text;
  std::int32_t token = 0;  // id in the token space
  float log_prob = 0.0f;
  float margin = 0.0f;
  float entropy = 0.0f;
  /// Only where asked for: softmax of the logits over the modality's range, after guidance, at temperature 1,
  /// unfiltered; classes that may not be drawn have 0.
  std::vector<float> distribution = {};
};

/// What a run over one canvas is told when it starts.
struct RunInfo {
  std::uint64_t seed = 0;
  int steps = 1;                       // how many calls the caller has in mind, >= 1
  fusion::NoiseSchedule schedules[2];  // by Modality
  Draws draws;
  fusion::IdRange ranges[2];           // by Modality: ids that may be drawn; distributions are over these
  /// The positions to fill, ascending, all masked at the start. A run reveals and remasks no others.
  std::vector<int> scope;
  /// Length of the blocks, counted from the canvas' first position, to whose ends the network's attention reaches (BD3-LM);
  /// 0 = it has none. Blocks of the same length are cut where these are.
  int network_block = 0;
};

/// What a run needs for its next step: proposals for these masked positions (none: no call of the network), with
/// whole distributions or without.
struct Wanted {
  std::vector<int> positions;
  bool distributions = false;
};

struct Reveal {
  int position = 0;
  std::int32_t token = 0;
};

/// What a run does to a canvas in one step. A position occurs at most once.
struct Moves {
  std::vector<Reveal> reveal;
  std::vector<int> remask;  // revealed positions to mask again
};

/// One canvas being filled: what has been seen so far lives here (token ages, earlier distributions). Runs on the
/// host; every random number is a Philox draw keyed by seed, step and position, so that a run is deterministic.
class SamplerRun {
 public:
  virtual ~SamplerRun() = default;
  /// The next step, or nullopt when the run has finished: nothing of its scope is masked then.
  virtual std::optional<Wanted> next(const fusion::Canvas& canvas) = 0;
  /// `proposals` are those that next() wanted, in order of position. Between steps the canvas may change in one other
  /// way: what follows an end-of-text is filled, and an end-of-text before a known word stays masked.
  virtual Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals) = 0;
};

/// A way to fill a canvas: which positions are asked for, revealed and masked again when. Holds options alone.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// Throws std::invalid_argument where the options do not fit the canvas.
  virtual std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const = 0;
};

/// Every masked position of a canvas, ascending: the scope of a whole run.
std::vector<int> masked_positions(const fusion::Canvas& canvas);

}  // namespace lacuna::samplers
