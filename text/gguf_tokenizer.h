#pragma once

#include "runtime/weights/gguf.h"
#include "text/byte_level_bpe.h"

namespace lacuna::text {

/// The tokenizer in a GGUF file's metadata (tokenizer.ggml.*): byte-level BPE ("gpt2") with the cuts of LLaDA,
/// Dream/Qwen 2, Llama 3 or GPT-2, and, as those models have it, NFC before. Control tokens become special ones,
/// user-defined ones added ones; unused ids are left out. Throws weights::CheckpointError naming the key for anything
/// else.
ByteLevelBpeTokenizer gguf_tokenizer(const weights::GgufFile& file);

/// The same in parts: what the file says, not yet made into a tokenizer.
ByteLevelBpeDefinition gguf_tokenizer_definition(const weights::GgufFile& file);

}  // namespace lacuna::text
