#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

struct Cell {
  int position = 0;
  double row = 0, column = 0;
};

double squared_distance(const Cell& a, const Cell& b) {
  return (a.row - b.row) * (a.row - b.row) + (a.column - b.column) * (a.column - b.column);
}

/// Orders the masked cells of one grid in groups of the sizes that `counts` gives.
class GridOrder {
 public:
  GridOrder(const fusion::Canvas& canvas, const fusion::Span& span, const RunInfo& info, double repulsion)
      : repulsion_(repulsion) {
    for (int i = 0; i < span.size; ++i) {
      const Cell cell{span.position(i), double(i / span.grid_width), double(i % span.grid_width)};
      if (std::ranges::binary_search(info.scope, cell.position)) {
        waiting_.push_back({cell, 0.0, hitting_fraction(info, cell.position)});
      } else if (canvas.states()[std::size_t(cell.position)] != fusion::PositionState::masked) {
        known_.push_back(cell);
      }
    }
    for (const Cell& cell : known_) add_support(cell);
  }

  int size() const { return int(waiting_.size()); }

  std::vector<int> take(int count) {
    std::ranges::sort(waiting_, [](const Waiting& a, const Waiting& b) {
      return a.support != b.support ? a.support > b.support : a.tie > b.tie;
    });
    std::vector<Cell> group;
    // Well supported cells that keep their distance from those already in the group ...
    for (auto it = waiting_.begin(); it != waiting_.end() && int(group.size()) < count;) {
      if (nearest(group, it->cell) >= repulsion_ * repulsion_) {
        group.push_back(it->cell);
        it = waiting_.erase(it);
      } else {
        ++it;
      }
    }
    // ... and where they do not suffice, whichever cell is farthest from the group.
    while (int(group.size()) < count) {
      const auto far = std::ranges::max_element(waiting_, {}, [&](const Waiting& w) { return nearest(group, w.cell); });
      group.push_back(far->cell);
      waiting_.erase(far);
    }
    std::vector<int> positions;
    for (const Cell& cell : group) {
      positions.push_back(cell.position);
      add_support(cell);
    }
    return positions;
  }

 private:
  struct Waiting {
    Cell cell;
    double support = 0.0;  // of known cells, falling with their distance
    double tie = 0.0;
  };

  static double nearest(const std::vector<Cell>& group, const Cell& cell) {
    double best = std::numeric_limits<double>::infinity();
    for (const Cell& other : group) best = std::min(best, squared_distance(cell, other));
    return best;
  }

  void add_support(const Cell& known) {
    for (Waiting& w : waiting_) w.support += std::exp(-squared_distance(known, w.cell));
  }

  double repulsion_;
  std::vector<Cell> known_;
  std::vector<Waiting> waiting_;
};

/// Codes with much known around them first, those of one step far from each other (the generation order of
/// locality-aware parallel decoding, arXiv 2507.01957); text in random order.
class LocalitySampler final : public Sampler {
 public:
  explicit LocalitySampler(double repulsion) : repulsion_(repulsion) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    OrderedRun::Groups groups =
        scheduled_groups(info, hitting_order(info, positions_of(canvas, info, fusion::Modality::text)), {});
    for (const fusion::Span& span : canvas.spans()) {
      if (span.modality != fusion::Modality::image) continue;
      GridOrder order(canvas, span, info, repulsion_);
      int left = order.size();
      std::size_t step = 0;
      for (int after : masked_after_steps(info.schedules[1], left, info.steps)) {
        std::ranges::copy(order.take(left - after), std::back_inserter(groups[step++]));
        left = after;
      }
    }
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }

 private:
  double repulsion_;
};

}  // namespace

std::unique_ptr<Sampler> make_locality_sampler(const SamplerOptions& options) {
  return std::make_unique<LocalitySampler>(options.at("repulsion"));
}

}  // namespace lacuna::samplers
