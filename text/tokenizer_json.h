#pragma once

#include <filesystem>
#include <string_view>

#include "text/byte_level_bpe.h"

namespace lacuna::text {

/// Reads a tokenizer.json (Hugging Face tokenizers) of byte-level BPE: normalizer NFC, NFD, NFKC, NFKD or a sequence
/// with one of them; pre_tokenizer Split (isolated), Digits, ByteLevel or a sequence; model BPE with merges as strings
/// or pairs; decoder ByteLevel; added tokens. Truncation, padding and the post_processor, which adds begin and end
/// tokens, are not looked at.
///
/// `path` is for messages. Throws weights::CheckpointError naming the key for anything else: what would change ids is
/// never skipped. At most 64 MiB, a million pieces, 100,000 added tokens.
ByteLevelBpeDefinition parse_tokenizer_json(std::string_view json, const std::filesystem::path& path);

/// The same from a file, made into a tokenizer. Throws weights::IoError as well.
ByteLevelBpeTokenizer open_tokenizer_json(const std::filesystem::path& path);

/// A tokenizer from `definition`; what is wrong with it is reported as CheckpointError of `path`.
ByteLevelBpeTokenizer make_tokenizer(ByteLevelBpeDefinition definition, const std::filesystem::path& path);

}  // namespace lacuna::text
