#pragma once

#include <cstdint>

#include "fusion/graph/philox.h"

namespace lacuna::training {

/// What a random number is for. Continues graph::RandomStream, whose values lie below 16, so no two uses in the
/// program share a counter.
enum class Purpose : std::uint32_t {
  data_order = 16,
  picture_copy,
  caption_variant,
  task,
  caption_dropout,
  augmentation,
  initialisation,
  code_restart,
  evaluation,
  picture_dropout,
  window,
  token_order,
  text_noise,
  attention_mask,
  look_ahead,
};

/// Two uniforms in (0, 1) that belong to (seed, purpose, position, slot): training holds no generator state, so
/// a resumed run draws what the unbroken one would have drawn.
struct UniformPair {
  double first = 0;
  double second = 0;
};
constexpr UniformPair uniform_pair(std::uint64_t seed, Purpose purpose, std::uint64_t position, std::uint32_t slot) {
  const auto r = graph::philox4x32({std::uint32_t(seed), std::uint32_t(seed >> 32)},
                                   {std::uint32_t(position), std::uint32_t(position >> 32), std::uint32_t(purpose), slot});
  return {graph::uniform53(r[0], r[1]), graph::uniform53(r[2], r[3])};
}
constexpr double uniform(std::uint64_t seed, Purpose purpose, std::uint64_t position, std::uint32_t slot = 0) {
  return uniform_pair(seed, purpose, position, slot).first;
}

}  // namespace lacuna::training
