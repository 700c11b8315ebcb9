#pragma once

#include <span>
#include <vector>

#include "fusion/graph/philox.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::samplers {

/// What runs share: the positions of their scope by modality, and random numbers.
class ScopedRun : public SamplerRun {
 protected:
  /// Throws std::invalid_argument for steps < 1 or a position that lies in no span.
  ScopedRun(const fusion::Canvas& canvas, RunInfo info);

  const RunInfo& info() const { return info_; }
  std::span<const int> scope(fusion::Modality modality) const { return positions_[int(modality)]; }
  /// Positions of the scope in this state, ascending.
  std::vector<int> in_state(const fusion::Canvas& canvas, fusion::PositionState state) const;
  std::vector<int> masked(const fusion::Canvas& canvas) const;
  double uniform(graph::RandomStream stream, int step, int position) const {
    return graph::uniform_at(info_.seed, stream, std::uint32_t(step), std::uint32_t(position));
  }

 private:
  RunInfo info_;
  std::vector<int> positions_[2];
};

inline constexpr fusion::Modality kModalities[] = {fusion::Modality::text, fusion::Modality::image};

}  // namespace lacuna::samplers
