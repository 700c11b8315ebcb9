#pragma once

#include <functional>
#include <span>
#include <vector>

#include "runtime/samplers/scored_run.h"

namespace lacuna::samplers {

/// Proposes everything that is masked in every step and reveals of each modality as long a prefix of the best as a
/// rule accepts, at least one position. The number of calls follows from the network, not from the steps.
class PrefixRun final : public ScopedRun {
 public:
  using Order = std::function<double(const PositionProposal&)>;
  /// How many of the proposals, best first, are accepted.
  using Accept = std::function<int(std::span<const PositionProposal* const>)>;
  PrefixRun(const fusion::Canvas& canvas, RunInfo info, Order order, Accept accept);

  std::optional<Wanted> next(const fusion::Canvas& canvas) override;
  Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals) override;

 private:
  Order order_;
  Accept accept_;
};

}  // namespace lacuna::samplers
