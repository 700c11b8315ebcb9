#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/canvas.h"

namespace lacuna::samplers {

/// What the denoiser proposes for one masked position; log_prob, margin and entropy as in graph/proposal.h.
struct PositionProposal {
  int position = 0;
  fusion::Modality modality = fusion::Modality::text;
  std::int32_t token = 0;  // id in the token space
  float log_prob = 0.0f;
  float margin = 0.0f;
  float entropy = 0.0f;
};

/// Where a run stands. `keep_masked` is how many positions of each modality the noise schedule leaves masked
/// after this step, indexed by Modality; all 0 in the last step.
struct StepInfo {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;  // 0-based
  int steps = 1;
  int keep_masked[2] = {0, 0};

  bool last() const { return int(step) + 1 >= steps; }
};

struct Reveal {
  int position = 0;
  std::int32_t token = 0;
};

/// What a sampler does to a canvas in one step. A position occurs at most once.
struct Moves {
  std::vector<Reveal> reveal;
  std::vector<int> remask;  // revealed positions to mask again
};

/// Decides which proposals are kept. Runs on the host, holds no state between steps, and is a pure function of
/// its arguments, so a run is deterministic given its seed.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// `proposals` has one entry for each masked position. The moves must leave at most the scheduled number of
  /// positions masked in the last step.
  virtual Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals,
                       const StepInfo& info) const = 0;
};

}  // namespace lacuna::samplers
