#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/weights/gguf.h"
#include "runtime/weights/json.h"

/// GGUF files of LLaDA and Dream, as users of llama.cpp have them.
namespace lacuna::generation {

/// The config.json that the released folder of the same model would have, from the metadata of a file with
/// general.architecture "llada" or "dream". Throws weights::CheckpointError for another architecture, and for a missing
/// or unfitting key.
weights::Json gguf_config(const weights::GgufFile& file);

/// The name that llama.cpp gives one of the weights of those families; empty where it has none.
std::string gguf_name(const std::string& weight);

/// Row order that undoes what llama.cpp did to this weight for its interleaved rotary pairs; empty = as it is. Files of
/// "dream" keep the rows in place.
std::vector<std::int64_t> gguf_row_order(const weights::Json& config, const std::string& weight);

}  // namespace lacuna::generation
