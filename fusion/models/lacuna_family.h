#pragma once

#include <filesystem>
#include <memory>

#include "fusion/models/model_family.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// The project's own family, model_type "lacuna": one embedding for text pieces, image codes and specials,
/// pre-norm blocks, rotary positions over (sequence, row, column), head tied to the embedding or not.
struct LacunaConfig {
  TransformerConfig transformer;
  TokenSpace tokens;
  LayoutSizes sizes;  // a grid of 0 x 0: a model of text alone, whose canvas is begin_image (here: begin of text), text
  NoiseKind noise = NoiseKind::absorbing;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
  weights::Json to_json() const;
  /// From the object of a config.json. Throws weights::CheckpointError naming file and field; unknown
  /// fields are errors.
  static LacunaConfig from_json(const weights::Json& json, const std::filesystem::path& file);
};

/// A model of text alone: text ids, mask, begin of text.
struct LacunaTextSizes {
  int vocabulary = 257;
  int end_of_text = 256;
  int length = 64;
  int width = 128;
  int layers = 4;
  int heads = 4;
  int mlp_width = 344;
};
LacunaConfig make_lacuna_text_config(const LacunaTextSizes& sizes);

/// Sizes of a new model; the rest follows.
struct LacunaSizes {
  int text_vocabulary = 4096;
  int codebook = 4096;
  int end_of_text = 2;  // id inside the text vocabulary
  int text_length = 24;
  int grid = 16;
  int width = 384;
  int layers = 9;
  int heads = 6;
  int mlp_width = 1024;
};
/// Text ids first, then image codes, mask, begin_image, end_image; q/k norm, SwiGLU, tied head.
LacunaConfig make_lacuna_config(const LacunaSizes& sizes);

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_lacuna_family(const LacunaConfig& config);

}  // namespace lacuna::fusion
