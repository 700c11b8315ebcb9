#pragma once

#include <string_view>

#include "text/byte_level_bpe.h"

namespace lacuna::text {

/// How a family of models cuts texts, for files that only name it.
struct KnownCut {
  std::string_view name;
  const char* pattern;
  UnicodeForm form;
  ByteLevelBpeDefinition::WholeWords whole_words;
};

/// By llama.cpp's name (tokenizer.ggml.pre): "llada", "llada-moe", "bailingmoe", "dream", "qwen2", "llama-bpe", "llama3" or
/// "gpt-2"; nullptr for others.
const KnownCut* find_known_cut(std::string_view name);

}  // namespace lacuna::text
