#include <algorithm>

#include "runtime/samplers/halton_order.h"
#include "runtime/samplers/ordered_run.h"
#include "runtime/samplers/sampler_registry.h"

namespace lacuna::samplers {
namespace {

/// The masked codes of every grid in Halton order, grid after grid.
std::vector<int> codes_in_order(const fusion::Canvas& canvas, const RunInfo& info) {
  std::vector<int> order;
  for (const fusion::Span& span : canvas.spans()) {
    if (span.modality != fusion::Modality::image) continue;
    for (int cell : halton_order(span.grid_height, span.grid_width)) {
      if (std::ranges::binary_search(info.scope, span.position(cell))) order.push_back(span.position(cell));
    }
  }
  return order;
}

/// How many of n codes are masked after each step: n - max(i + 1, floor(n (1 - mask rate))), rounded as the original.
std::vector<int> masked_after(const RunInfo& info, int n) {
  std::vector<int> counts;
  for (int i = 0; i < info.steps; ++i) {
    const double rate = info.schedules[1].mask_rate(1.0 - double(i + 1) / info.steps);
    const int revealed = i + 1 == info.steps ? n : int(n * (1.0 - rate) + 1e-9);
    counts.push_back(n - std::min(n, std::max(i + 1, revealed)));
  }
  return counts;
}

/// Image codes in a fixed low-discrepancy order, so that the codes of one step lie far apart and depend little on
/// each other (Halton-MaskGIT, arXiv 2503.17076; its schedule is arccos); text, which has no grid, in random order.
class HaltonSampler final : public Sampler {
 public:
  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    OrderedRun::Groups groups =
        scheduled_groups(info, hitting_order(info, positions_of(canvas, info, fusion::Modality::text)), {});
    const std::vector<int> codes = codes_in_order(canvas, info);
    cut_into_groups(codes, masked_after(info, int(codes.size())), groups);
    return std::make_unique<OrderedRun>(canvas, std::move(info), std::move(groups));
  }
};

}  // namespace

std::unique_ptr<Sampler> make_halton_sampler(const SamplerOptions&) { return std::make_unique<HaltonSampler>(); }

}  // namespace lacuna::samplers
