#pragma once

#include <string>

namespace lacuna::fullsize {

/// A tokenizer.json of the size and kind that LLaDA-8B-Instruct has: 126,080 byte-level pieces with the merges that
/// make them, and its 269 added tokens under their names and ids. The pieces are made up (strings of letters), since
/// the released ones are their owners'.
std::string synthetic_tokenizer();

}  // namespace lacuna::fullsize
