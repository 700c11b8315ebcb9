#pragma once

#include <filesystem>
#include <memory>

#include "text/text_tokenizer.h"

namespace lacuna::text {

/// Opens the tokenizer of a model folder: tokenizer.model (SentencePiece) or, where there is none, tokenizer.json
/// or vocab.json with merges.txt (byte-level BPE), or pieces.json (single bytes, as lacuna-train notes them). `model` may also be such a file itself, or a
/// GGUF file (by its extension).
/// Throws weights::IoError when the folder has none or it cannot be read, weights::CheckpointError
/// when it is broken or of a kind that is not supported.
std::unique_ptr<TextTokenizer> open_tokenizer(const std::filesystem::path& model);

}  // namespace lacuna::text
