#include "runtime/samplers/text_blocks.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lacuna::samplers {
namespace {

[[noreturn]] void fail(const std::string& message) { throw std::invalid_argument("[text_blocks] expected " + message); }

}  // namespace

int transfer_count(int masked, int steps, int step) {
  if (masked < 0 || steps < 1) {
    throw std::invalid_argument("[transfer_count] expected masked >= 0 and steps >= 1, got " +
                                std::to_string(masked) + " and " + std::to_string(steps));
  }
  return masked / steps + (step < masked % steps ? 1 : 0);
}

std::vector<TextBlock> text_blocks(int length, int block_length, int steps, Fidelity fidelity) {
  if (length < 1 || block_length < 0 || steps < 1) {
    fail("an answer of at least 1 token, blocks of at least 0 and at least 1 step, got " + std::to_string(length) +
         ", " + std::to_string(block_length) + " and " + std::to_string(steps));
  }
  if (block_length == 0) block_length = length;
  if (fidelity == Fidelity::original && (length % block_length != 0 || steps % (length / block_length) != 0)) {
    fail("a block length that divides the answer and a number of blocks that divides the steps, as the original "
         "does, got " + std::to_string(block_length) + " of " + std::to_string(length) + " in " +
         std::to_string(steps) + " steps");
  }
  block_length = std::max(std::min(block_length, length), (length + steps - 1) / steps);
  const int count = (length + block_length - 1) / block_length;
  std::vector<TextBlock> blocks;
  int step = 0;
  for (int i = 0; i < count; ++i) {
    const int spent = transfer_count(steps, count, i);
    blocks.push_back({i * block_length, std::min(length, (i + 1) * block_length), step, spent});
    step += spent;
  }
  return blocks;
}

}  // namespace lacuna::samplers
