#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/canvas.h"
#include "fusion/token_space.h"
#include "runtime/samplers/draw_options.h"
#include "runtime/samplers/sampler.h"

namespace lacuna::generation {

using samplers::DrawOptions;
using samplers::Draws;

/// Whether an end-of-text is impossible before a known word, as the loop demands, or what the network says counts.
enum class TextRule : std::uint8_t { kept, off };

/// One canvas, the random numbers that belong to it, and what is wanted of it.
struct DenoiseRequest {
  const fusion::Canvas* canvas = nullptr;
  std::uint64_t seed = 0;
  /// Masked positions, ascending; empty = all of them.
  std::span<const int> positions = {};
  /// Whether whole distributions are wanted (PositionProposal::distribution).
  bool distributions = false;
  /// Ids of the token space that may not be drawn anywhere, of either modality.
  std::span<const std::int32_t> banned = {};
  TextRule text_rule = TextRule::kept;
};

/// Something that proposes tokens for masked positions: a network on an engine, or a distribution that is known.
class ProposalSource {
 public:
  virtual ~ProposalSource() = default;
  virtual const fusion::TokenSpace& tokens() const = 0;
  /// Proposals for the wanted positions of every request, in order of position. A request's proposals do not depend on
  /// the others. Draws are keyed by seed, step and position.
  virtual std::vector<std::vector<samplers::PositionProposal>> propose(std::span<const DenoiseRequest> requests,
                                                                       const Draws& draws, std::uint32_t step) = 0;
};

}  // namespace lacuna::generation
