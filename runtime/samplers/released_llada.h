#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "runtime/samplers/sampler.h"
#include "runtime/samplers/text_blocks.h"

namespace lacuna::samplers {

/// A uniform in [0, 1) for a step and a position.
using UniformSource = std::function<double(std::uint64_t seed, int step, int position)>;

/// LLaDA's generate and MMaDA's mmu_generate, step by step as released: the answer (the last text span) is filled block
/// by block, in each step the share of the block that is due, the most confident (or random) positions first. Masks
/// before the block, in a prompt, compete for the same places. `steps` of the run counts all blocks together.
struct ReleasedLladaOptions {
  enum class Order : std::uint8_t { confidence, random };
  Order order = Order::confidence;
  int block_length = 0;          // 0 = the whole answer
  std::int32_t stop_token = -1;  // a block that is complete and ends in it is the last one (mmu_generate_fast)
  /// Original: steps and lengths must divide, masks in the prompt are not counted, so that as many are left over at
  /// the end, and nothing is filled up after a stop.
  Fidelity fidelity = Fidelity::corrected;
  UniformSource uniform;  // for the random order; empty = Philox
};
std::unique_ptr<Sampler> make_released_llada(const ReleasedLladaOptions& options);

}  // namespace lacuna::samplers
