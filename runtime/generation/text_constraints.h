#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fusion/canvas.h"
#include "fusion/token_space.h"
#include "runtime/generation/proposal_source.h"
#include "text/text_tokenizer.h"

namespace lacuna::generation {

/// What a text that is to be written must and may not contain.
struct TextConstraints {
  std::vector<std::string> banned;    // words that may not occur
  std::vector<std::string> required;  // words that must occur somewhere
  int length = 0;                     // tokens before the end of the text; 0 = free

  bool any() const { return !banned.empty() || !required.empty() || length > 0; }
};

/// A canvas that keeps its constraints whatever is drawn.
struct Constrained {
  fusion::Canvas canvas;
  std::vector<std::int32_t> banned;  // ids for LoopOptions::banned
  int calls = 0;                     // passes that were spent on finding places
};

/// Ids of text tokens that spell one of the words, as a whole or within a piece, and for a word of several pieces the
/// longest of them. Letter case counts. Throws std::invalid_argument for an empty word.
std::vector<std::int32_t> banned_ids(const text::TextTokenizer& tokenizer, const fusion::TokenSpace& space,
                                     const std::vector<std::string>& words);

/// Writes required words where the model finds them most probable (one pass for each word that is not there yet), and
/// the end of the text behind its length. Throws std::invalid_argument where that cannot be: a word that is longer than
/// every gap or is also banned, a length that does not fit what is given, no text in the canvas.
Constrained constrain(ProposalSource& source, const text::TextTokenizer& tokenizer, const fusion::Canvas& canvas,
                      const TextConstraints& constraints, const Draws& draws);

}  // namespace lacuna::generation
