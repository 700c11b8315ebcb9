#pragma once

#include <functional>
#include <vector>

#include "runtime/samplers/sampler.h"

namespace lacuna::samplers {

/// Proposes for one position of a canvas.
using Proposer = std::function<PositionProposal(const fusion::Canvas& canvas, int position, fusion::Modality modality)>;

/// What a run did: the positions that each call revealed and masked again.
struct Driven {
  std::vector<std::vector<int>> revealed;
  std::vector<std::vector<int>> remasked;
  std::vector<std::vector<int>> asked;  // empty where no call was made
  int calls = 0;
  bool finished = false;

  std::vector<int> counts() const {
    std::vector<int> counts;
    for (const auto& list : revealed) counts.push_back(int(list.size()));
    return counts;
  }
};

/// A run over everything that is masked, without the rules of text; gives up after `most` steps.
Driven drive(const Sampler& sampler, fusion::Canvas& canvas, RunInfo info, const Proposer& propose, int most = 100000);

/// Independent uniform probabilities, a pure function of seed, position and what is masked.
Proposer noisy_proposer(std::uint64_t seed);

}  // namespace lacuna::samplers
