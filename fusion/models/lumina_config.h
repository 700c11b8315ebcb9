#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "fusion/models/token_names.h"
#include "fusion/models/transformer_config.h"
#include "fusion/token_space.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// Ids of Lumina-DiMOO's special tokens.
struct LuminaTokens {
  std::int32_t count = 0;  // ids of the text tokenizer
  std::int32_t mask = -1;
  std::int32_t end_of_text = -1;
  std::int32_t end_of_line = -1;  // behind every row of a picture
  std::int32_t begin_image = -1;
  std::int32_t end_image = -1;
  std::int32_t uncondition = -1;  // in the place of a prompt, for guidance
  std::int32_t answer = -1;
  std::int32_t end_answer = -1;
  std::int32_t system = -1;
  std::int32_t end_system = -1;
  std::int32_t user = -1;
  std::int32_t end_user = -1;
};

/// Lumina-DiMOO 8B: LLaDA's network over words and image codes, which are the last ids of the vocabulary. Words are
/// drawn from the whole vocabulary as the original does.
struct LuminaConfig {
  TransformerConfig transformer;
  LuminaTokens tokens;
  IdRange codes;
  /// What the model is told when it draws, "Generate an image according to the text prompt.", as ids; empty = unknown,
  /// then it cannot draw.
  std::vector<std::int32_t> drawing_prompt;
  int grid_height = 64;  // the original draws 1024 x 1024 pixels unless told otherwise
  int grid_width = 64;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
  /// From the config.json of the release (model_type "llada") or the one that `lacuna import` writes ("lumina_dimoo").
  /// Ids come from its section "lacuna"; else those in the original code where codes begin at its 126,356, and
  /// otherwise the names in the tokenizer; <system>, </system>, <user> and </user> always by name. Throws
  /// weights::CheckpointError naming file and field; unknown fields are errors. `names` may be null.
  static LuminaConfig from_json(const weights::Json& json, const std::filesystem::path& file,
                                const TokenNames* names = nullptr);
  /// The section as from_json reads it, without the grid.
  weights::Json section() const;
};

/// Whether a config.json with LLaDA's model_type is that of Lumina-DiMOO: by its class in `architectures`, or by the
/// tokens that only its tokenizer has. `names` may be null.
bool is_lumina(const weights::Json& json, const TokenNames* names);
/// The release's config.json as a model folder has it: with this project's model_type, and as many ids as the embedding
/// of the checkpoint has rows, which is what counts.
weights::Json lumina_config_json(const weights::Json& released, std::int64_t embedding_rows);

}  // namespace lacuna::fusion
