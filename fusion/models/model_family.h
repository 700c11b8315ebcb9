#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fusion/canvas.h"
#include "fusion/graph/graph.h"
#include "fusion/layout.h"
#include "fusion/models/transformer_config.h"
#include "fusion/token_space.h"
#include "runtime/weights/json.h"

namespace lacuna::fusion {

/// What a denoiser graph ends in: proposals drawn on the device, or logits (training, evaluation).
enum class DenoiserHead : std::uint8_t { proposals, logits };

/// Rows of one modality whose tokens are wanted. `guided`: every row has a twin of the unconditional branch.
struct HeadRows {
  std::int64_t count = 0;
  bool guided = false;
};

/// Sizes that a denoiser graph is built for. T = sum of segments.
struct DenoiserShape {
  std::vector<std::int64_t> segments;  // tokens of each sequence
  HeadRows text;
  HeadRows image;
  DenoiserHead head = DenoiserHead::proposals;
  /// Another output "hidden" f32 [T, D], the last one: the residual stream after this block.
  std::optional<int> probe_block = std::nullopt;
  /// Columns of the input "attention_bias" f32 [T, columns] (graph::attention), at least the longest segment; 0 = the
  /// input does not exist and everything sees everything.
  std::int64_t bias_columns = 0;
};

/// The unconditional branch of classifier-free guidance for one canvas. It may be shorter or longer than the canvas
/// in front: position p of the canvas is position p + shift of the branch.
struct Branch {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> positions;  // row-major [ids.size(), axes]
  int shift = 0;
};

/// What noise does to a token: hides it behind the mask, or replaces it by any token of its modality (D3PM's uniform
/// process, arXiv 2107.03006).
enum class NoiseKind : std::uint8_t { absorbing, uniform };

/// What the network's outputs are: logits of the clean token; or logarithms of scores p(y) / p(x), the present token x
/// counting 0 (SEDD, arXiv 2310.16834). At a mask both are the same after a softmax, since the scores there are those
/// of the clean token but for a factor.
enum class NetworkOutput : std::uint8_t { clean_token, log_score };

/// How a family's own code writes text.
struct WritingHabit {
  std::string_view sampler;
  int block = 0;  // of TextTask's canvas, counted from its first position; 0 = none
};

/// How a family wants words that are addressed to it put together (text/chat templates); `none`: it was not trained
/// on conversations.
enum class ChatStyle : std::uint8_t { none, llada, mmada, chatml, lumina, showo };

/// Whether a picture that a family is asked about has the one grid of its sizes, or any grid of about that area.
enum class GivenGrid : std::uint8_t { fixed, free };

/// Text to be written after a prompt and perhaps a picture.
struct TextTask {
  std::span<const std::int32_t> prompt;  // ids as the network reads them, templates included; may hold masks
  std::span<const std::int32_t> prefix;  // ids that the answer starts with
  int length = 0;                        // positions of the answer, prefix included
  std::span<const std::int32_t> codes;   // of the picture, kMaskedCode not allowed; empty = no picture
  int grid_height = 0;
  int grid_width = 0;
};

/// A kind of model: token space, layouts and the denoiser's graph for one config. Holds no weights.
///
/// Inputs of the graph, in this order; those of a modality only where its row count is not 0:
///   ids i32 [T], positions i32 [T, axes], attention_bias f32 [T, bias_columns] (where asked for),
///   times f32 [T, 1] (where TransformerConfig::time is not absent),
///   text_rows i32 [Mt], text_unconditional_rows i32 [Mt] (guided), text_sampling f32 [4], text_keys i32 [Mt, 5],
///   image_rows i32 [Mi], image_unconditional_rows i32 [Mi] (guided), image_sampling f32 [4], image_keys i32 [Mi, 5].
/// Rows index T. With a logit shift of 1 the caller asks for the row before a word's position. With logits the sampling and keys inputs do not exist and guided must be false.
/// Outputs: text_proposals [Mt, 4], image_proposals [Mi, 4] with tokens relative to the modality's range; or
/// text_logits [Mt, text range], image_logits [Mi, image range]; then "hidden" where probe_block asks for it.
class ModelFamily {
 public:
  virtual ~ModelFamily() = default;
  virtual const TokenSpace& tokens() const = 0;
  virtual const TransformerConfig& transformer() const = 0;
  /// The sizes that the model was trained with.
  virtual const LayoutSizes& sizes() const = 0;
  /// Throws std::invalid_argument for an empty or inconsistent shape.
  virtual graph::Graph build(const DenoiserShape& shape) const = 0;
  /// Row-major [canvas.size(), transformer().position_axes()].
  virtual std::vector<std::int32_t> positions(const Canvas& canvas) const = 0;
  /// Of each row of a sequence, how many rows from its first on it sees; by default as AttentionKind says.
  virtual std::vector<std::int32_t> seen(std::span<const std::int32_t> ids) const;

  /// Layouts, see layout.h. `codes` are 0-based with kMaskedCode; `text` are text ids with tokens().mask.
  virtual Canvas caption(std::span<const std::int32_t> codes, std::span<const std::int32_t> prefix) const = 0;
  virtual Canvas generate(std::span<const std::int32_t> text) const = 0;
  virtual Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const = 0;
  virtual Canvas joint() const = 0;

  /// What the network is given instead of `canvas` where `modality` is drawn without guidance: by default the same
  /// ids with the other modality masked.
  virtual Branch unconditional(const Canvas& canvas, Modality modality) const;
  /// A prompt with text to be written after it. By default throws std::invalid_argument: the family has no such task.
  virtual Canvas write(const TextTask& task) const;
  /// The noise process that the network was trained to undo.
  virtual NoiseKind noise() const { return NoiseKind::absorbing; }
  virtual NetworkOutput output() const { return NetworkOutput::clean_token; }
  /// What TransformerConfig::time tells the network where noise has touched this part of the tokens, in [0, 1].
  virtual float time_input(double part) const { return float(part); }
  /// How plain text is written: one token a pass on the average, at temperature 1. Absent where it is LLaDA's way.
  virtual std::optional<WritingHabit> writing_habit() const { return std::nullopt; }
  virtual ChatStyle chat_style() const { return ChatStyle::none; }
  virtual GivenGrid given_grid() const { return GivenGrid::fixed; }
  /// How many ids its text tokenizer has, where that does not follow from the ranges of the token space.
  virtual std::optional<std::int32_t> tokenizer_ids() const { return std::nullopt; }
  /// The same model with its original code's faults, for --compat; null where that has none outside the samplers.
  virtual std::unique_ptr<ModelFamily> as_released() const { return nullptr; }
  /// What a released config.json does not say and a model folder has to: the section "lacuna" that the family's parser
  /// reads. Null where nothing is missing.
  virtual weights::Json config_section() const { return {}; }
};

}  // namespace lacuna::fusion
