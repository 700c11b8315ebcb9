#pragma once

#include <cstdint>
#include <vector>

namespace lacuna::samplers {

/// Whether a released sampler is followed to its bugs.
enum class Fidelity : std::uint8_t {
  /// What its authors meant: any steps, blocks and lengths; no mask is left over; noise anneals linearly.
  corrected,
  /// What their code does.
  original,
};

/// A run of an answer's positions that is filled before the next one, and the steps that are spent on it.
struct TextBlock {
  int begin = 0;  // inside the answer
  int end = 0;
  int first_step = 0;
  int steps = 0;

  friend bool operator==(const TextBlock&, const TextBlock&) = default;
};

/// Cuts an answer of `length` positions into blocks of `block_length` (0 = one block) and shares `steps` among them,
/// the surplus going to the first ones. Corrected: the last block may be shorter, and with fewer steps than blocks the
/// blocks grow until each has a step. Original: throws std::invalid_argument unless block_length divides length and
/// the number of blocks divides steps. Throws std::invalid_argument for length, block_length or steps out of range.
std::vector<TextBlock> text_blocks(int length, int block_length, int steps, Fidelity fidelity);

/// How many of `masked` positions step `step` of `steps` reveals: as equal as can be, the surplus in the first steps
/// (LLaDA's get_num_transfer_tokens).
int transfer_count(int masked, int steps, int step);

}  // namespace lacuna::samplers
