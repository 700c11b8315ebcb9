#pragma once

#include <functional>
#include <span>
#include <vector>

#include "runtime/samplers/scoped_run.h"

namespace lacuna::samplers {

/// How much a sampler wants a proposal revealed in a step (0-based); larger is sooner. Equal scores go by position.
using Score = std::function<double(const PositionProposal&, int step)>;

/// How many of the positions of a scope are left masked after each step; 0 after those that are listed.
using StepCounts = std::vector<int>;

/// Proposes everything that is masked in every step, and reveals of each modality the best by score until only the
/// planned number is left masked. Steps in which nothing would be revealed are left out.
class ScoredRun final : public ScopedRun {
 public:
  /// `plan` gives the counts for a number of masked positions of one modality.
  ScoredRun(const fusion::Canvas& canvas, RunInfo info, const std::function<StepCounts(int, fusion::Modality)>& plan,
            Score score);
  /// With the counts of the noise schedule: masked_after_steps.
  ScoredRun(const fusion::Canvas& canvas, RunInfo info, Score score);

  std::optional<Wanted> next(const fusion::Canvas& canvas) override;
  Moves decide(const fusion::Canvas& canvas, std::span<const PositionProposal> proposals) override;

 private:
  int keep(fusion::Modality modality) const;

  StepCounts counts_[2];
  Score score_;
  int step_ = 0;
};

/// The proposals of one modality with their scores, best first, equal scores by position.
std::vector<const PositionProposal*> sorted_by_score(std::span<const PositionProposal> proposals,
                                                     fusion::Modality modality,
                                                     const std::function<double(const PositionProposal&)>& score);

/// A standard Gumbel variate: -log(-log u).
double gumbel(double uniform);

}  // namespace lacuna::samplers
