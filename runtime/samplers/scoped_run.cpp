#include "runtime/samplers/scoped_run.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace lacuna::samplers {

using fusion::Canvas;
using fusion::PositionState;

ScopedRun::ScopedRun(const Canvas& canvas, RunInfo info) : info_(std::move(info)) {
  if (info_.steps < 1) {
    throw std::invalid_argument("[sampler] expected steps >= 1, got " + std::to_string(info_.steps));
  }
  std::size_t placed = 0;
  for (const fusion::Span& span : canvas.spans()) {
    for (int p : info_.scope) {
      if (p < span.begin || p >= span.end()) continue;
      positions_[int(span.modality)].push_back(p);
      ++placed;
    }
  }
  if (placed != info_.scope.size()) {
    throw std::invalid_argument("[sampler] expected a scope of positions in spans of the canvas");
  }
}

std::vector<int> ScopedRun::in_state(const Canvas& canvas, PositionState state) const {
  std::vector<int> positions;
  for (int p : info_.scope) {
    if (canvas.states()[std::size_t(p)] == state) positions.push_back(p);
  }
  return positions;
}

std::vector<int> ScopedRun::masked(const Canvas& canvas) const { return in_state(canvas, PositionState::masked); }

std::vector<int> masked_positions(const Canvas& canvas) {
  std::vector<int> positions;
  for (int p = 0; p < canvas.size(); ++p) {
    if (canvas.states()[std::size_t(p)] == PositionState::masked) positions.push_back(p);
  }
  return positions;
}

}  // namespace lacuna::samplers
