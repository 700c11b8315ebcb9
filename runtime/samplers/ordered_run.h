#pragma once

#include <span>
#include <vector>

#include "runtime/samplers/scoped_run.h"

namespace lacuna::samplers {

/// Positions in an order that does not depend on the network, group by group, one call for each group that has a masked
/// position. Only what is revealed is proposed.
class OrderedRun final : public ScopedRun {
 public:
  using Groups = std::vector<std::vector<int>>;
  /// `groups` are a partition of the scope; empty groups cost nothing.
  OrderedRun(const fusion::Canvas& canvas, RunInfo info, Groups groups);

  std::optional<Wanted> next(const fusion::Canvas& canvas) override;
  Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals) override;

 private:
  Groups groups_;
  std::size_t step_ = 0;
};

/// The positions of a scope by modality.
std::vector<int> positions_of(const fusion::Canvas& canvas, const RunInfo& info, fusion::Modality modality);

/// Cuts an order of one modality into groups by how many are left masked after each step; adds group i to groups[i].
void cut_into_groups(std::span<const int> order, std::span<const int> masked_after, OrderedRun::Groups& groups);

/// Groups for orders of both modalities with the counts of the noise schedules: masked_after_steps.
OrderedRun::Groups scheduled_groups(const RunInfo& info, std::span<const int> text_order,
                                    std::span<const int> image_order);

/// Every position's hitting fraction, a uniform of its own in (0, 1), fixed for the whole run (arXiv 2409.02908,
/// section 4: the hitting times of the tokens are the order statistics of independent uniforms).
double hitting_fraction(const RunInfo& info, int position);

/// The positions by descending hitting fraction: uniformly random.
std::vector<int> hitting_order(const RunInfo& info, std::vector<int> positions);

/// Groups of an ancestral sampler: a position is revealed in the step whose mask rates enclose its hitting fraction.
/// `rates[i]` is the mask rate after step i, descending to 0; group i is added to groups[i].
void group_by_rates(const RunInfo& info, std::span<const int> positions, std::span<const double> rates,
                    OrderedRun::Groups& groups);

}  // namespace lacuna::samplers
