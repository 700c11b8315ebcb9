#pragma once

#include <filesystem>

#include "text/byte_level_bpe.h"

namespace lacuna::text {

/// Whether the folder has a tokenizer in the older form: vocab.json, merges.txt and tokenizer_config.json (Dream).
bool has_vocabulary_files(const std::filesystem::path& folder);

/// Reads it: pieces from vocab.json, merges from merges.txt, added tokens and the class from tokenizer_config.json. How
/// texts are cut is not in these files; it is known for the classes DreamTokenizer, Qwen2Tokenizer and GPT2Tokenizer
/// (and their Fast forms). Throws weights::IoError and weights::CheckpointError.
ByteLevelBpeTokenizer open_vocabulary_files(const std::filesystem::path& folder);

}  // namespace lacuna::text
