#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "fusion/models/model_family.h"
#include "fusion/models/token_names.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// Dream 7B (model_type "Dream"): Qwen2.5's block without a causal mask, with biases on queries, keys and values and
/// grouped heads. The token of position j is read off the output of position j - 1, so a token has to stand before
/// the first mask. Text alone, drawn from the whole vocabulary.
struct DreamConfig {
  TransformerConfig transformer;
  std::int32_t mask = 151666;
  std::int32_t begin_of_text = 151665;
  std::int32_t end_of_text = 151643;
  std::int32_t text_tokens = 0;  // ids of the tokenizer, 0 = not known

  /// Throws weights::CheckpointError naming file and field; unknown fields are errors. `names` may be null.
  static DreamConfig from_json(const weights::Json& json, const std::filesystem::path& file,
                               const TokenNames* names = nullptr);
};

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_dream_family(const DreamConfig& config);

}  // namespace lacuna::fusion
