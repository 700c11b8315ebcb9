#pragma once

#include <string>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/byte_level_bpe.h"

namespace lacuna::test {

/// 256 pieces of one byte, ids 0 to 255 by byte, then one piece for each rule.
inline text::ByteLevelBpeDefinition small_definition(const std::vector<text::MergeRule>& rules) {
  text::ByteLevelBpeDefinition d;
  for (int byte = 0; byte < 256; ++byte) {
    d.pieces.emplace_back(std::string(text::character_of(static_cast<unsigned char>(byte))), byte);
  }
  for (const auto& [left, right] : rules) {
    d.pieces.emplace_back(left + right, static_cast<std::int32_t>(d.pieces.size()));
    d.merges.emplace_back(left, right);
  }
  return d;
}

}  // namespace lacuna::test
