#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "fusion/models/mmada_layout.h"
#include "fusion/models/model_family.h"
#include "fusion/models/token_names.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// Which rows of the vocabulary a word may be.
enum class Words : std::uint8_t {
  tokenizer,  ///< the tokenizer's ids: what was meant
  all,        ///< every row, codes and mask included, as the original draws them
};

/// Show-o v1 (config.json with _class_name "Showo"): Phi's block with norms over each head's queries and keys, over
/// words and image codes. Codes are filled as masked diffusion fills them; words are written from left to right, each
/// read off the row before it. Who sees whom is Show-o's omni-attention: a picture and, in front of an answer, all that
/// stands before it see each other whole, words see what is before them.
///
/// Ids in order: the tokenizer's, ten special ones that its code adds ([PAD], <|soi|>, <|eoi|>, <|sov|>, <|eov|>,
/// <|t2i|>, <|mmu|>, <|t2v|>, <|v2v|>, <|lvg|>), image codes, the mask.
struct ShowoConfig {
  TransformerConfig transformer;
  std::int32_t text_tokens = 50295;    // ids of the tokenizer; the special ones follow
  std::int32_t begin_of_text = 50256;  // <|endoftext|>, as in phi-1.5
  std::int32_t end_of_text = 50256;
  IdRange codes;
  std::int32_t mask = 0;
  int text_length = 128;  // T of the layouts; no released file says it
  int grid_height = 16;
  int grid_width = 16;
  Words words = Words::tokenizer;

  MmadaTokens layout_tokens() const;
  /// Throws std::invalid_argument naming the field.
  void validate() const;
  /// The backbone's sizes are those of the section "llm_config" (generation::read_model_config), without it those of
  /// phi-1.5. Throws weights::CheckpointError naming file and field; unknown fields are errors. `names` may be null.
  static ShowoConfig from_json(const weights::Json& json, const std::filesystem::path& file,
                               const TokenNames* names = nullptr);
};

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_showo_family(const ShowoConfig& config);

}  // namespace lacuna::fusion
