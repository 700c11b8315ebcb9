#pragma once

#include <filesystem>
#include <memory>

#include "text/text_tokenizer.h"

namespace lacuna::text {

/// Opens the tokenizer of a model folder: tokenizer.model (SentencePiece).
/// Throws weights::IoError when the folder has none or it cannot be read, weights::CheckpointError
/// when it is broken or of a kind that is not supported (tokenizer.json alone).
std::unique_ptr<TextTokenizer> open_tokenizer(const std::filesystem::path& model_folder);

}  // namespace lacuna::text
