#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/samplers/draw_options.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::generation {

/// softmax of a row of logits over float64 sums, classes of `banned` (ascending or not, relative to the row) at 0.
/// With `unconditional` not empty: of unconditional + guidance_scale * (logits - unconditional). Empty where the row
/// has NaN, +inf or no finite logit that is allowed.
std::vector<float> distribution_of(std::span<const float> logits, std::span<const float> unconditional,
                                   float guidance_scale, std::span<const std::int32_t> banned);

/// The proposal for one position from its distribution over `range`, which it takes along when `keep`: the host's
/// counterpart of the op `propose` (graph/proposal.h), with the same uniform for (seed, step, position).
enum class Keep : std::uint8_t { numbers, distribution };
samplers::PositionProposal host_proposal(int position, fusion::Modality modality, const fusion::IdRange& range,
                                         std::vector<float> distribution, const samplers::DrawOptions& draw,
                                         std::uint64_t seed, std::uint32_t step, Keep keep);

}  // namespace lacuna::generation
