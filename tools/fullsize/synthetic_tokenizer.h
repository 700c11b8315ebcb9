#pragma once

#include <cstdint>
#include <string>

namespace lacuna::fullsize {

/// A tokenizer.json of the size and kind that LLaDA-8B-Instruct has: 126,080 byte-level pieces with the merges that
/// make them, and its 269 added tokens under their names and ids. The pieces are made up (strings of letters), since
/// the released ones are their owners'.
/// Lumina-DiMOO's has seven more, and names of its own for some reserved ones; where <system>, </system>, <user> and
/// </user> are in its release is not known, here they are reserved tokens.
enum class Words : std::uint8_t { llada, lumina };
std::string synthetic_tokenizer(Words words = Words::llada);

}  // namespace lacuna::fullsize
