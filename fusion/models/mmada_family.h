#pragma once

#include <filesystem>
#include <memory>

#include "fusion/models/llada_config.h"
#include "fusion/models/mmada_layout.h"
#include "fusion/models/model_family.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// How the unconditional branch of a picture is put together.
enum class PicturePrefix : std::uint8_t {
  /// An empty caption in the place of the caption: what was meant, and what the original does at a text length of 512.
  empty_caption,
  /// The original at any text length: the first 513 ids of the unconditional row, then the ids of the canvas.
  first_513,
};

/// MMaDA 8B (model_type "mmada"): LLaDA's network over words and image codes. Codes follow the tokenizer's last id,
/// 126,349, and not the padded text vocabulary. Words are drawn from the whole vocabulary as the original does.
struct MmadaConfig {
  TransformerConfig transformer;
  LladaTokens tokens;
  IdRange codes;
  int text_length = 512;  // T of the layouts; no released file says it
  int grid_height = 32;
  int grid_width = 32;
  PicturePrefix prefix = PicturePrefix::empty_caption;

  MmadaTokens layout_tokens() const;
  /// Throws std::invalid_argument naming the field.
  void validate() const;
  /// Throws weights::CheckpointError naming file and field; unknown fields are errors. `names` may be null.
  static MmadaConfig from_json(const weights::Json& json, const std::filesystem::path& file,
                               const TokenNames* names = nullptr);
};

/// Throws std::invalid_argument when the config does not hold together.
std::unique_ptr<ModelFamily> make_mmada_family(const MmadaConfig& config);

/// A text-to-image row (mmada_row) as a canvas without its padding; positions count as if that were there. `codes` are
/// 0-based, kMaskedCode = to be drawn. Throws std::invalid_argument as image_ids does.
Canvas drawing_canvas(const TokenSpace& space, const MmadaTokens& layout, const LayoutSizes& sizes,
                      std::span<const std::int32_t> text, std::span<const std::int32_t> codes);

}  // namespace lacuna::fusion
