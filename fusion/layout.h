#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/canvas.h"

namespace lacuna::fusion {

/// Sizes of a canvas: a text span of `text_length`, then begin_image, grid_height x grid_width codes, end_image. With a
/// grid of 0 x 0, a model of text alone: begin_image, which then marks the begin of the text, and the text span.
struct LayoutSizes {
  int text_length = 0;
  int grid_height = 0;
  int grid_width = 0;

  int image_length() const { return grid_height * grid_width; }
  /// Tokens of a whole canvas.
  int total() const { return text_length + (image_length() > 0 ? image_length() + 2 : 1); }
  /// Throws std::invalid_argument.
  void validate() const;
};

/// Layouts put known tokens and masks into the one order that a model was trained with. `text` holds text ids
/// (or space.mask) and is filled up with end_of_text; image codes are 0-based, kMaskedCode = to be drawn.
/// All throw std::invalid_argument when something does not fit ("prompt longer than the canvas").
inline constexpr std::int32_t kMaskedCode = -1;

/// Picture given, text to be written; `prefix` are text ids that the caption starts with (may be empty).
Canvas layout_caption(const TokenSpace& space, const LayoutSizes& sizes, std::span<const std::int32_t> codes,
                      std::span<const std::int32_t> prefix = {});
/// Text given, picture to be drawn.
Canvas layout_generate(const TokenSpace& space, const LayoutSizes& sizes, std::span<const std::int32_t> text);
/// Any mixture: text ids with masks, codes with masks.
Canvas layout_infill(const TokenSpace& space, const LayoutSizes& sizes, std::span<const std::int32_t> text,
                     std::span<const std::int32_t> codes);
/// Nothing given: a picture together with its caption.
Canvas layout_joint(const TokenSpace& space, const LayoutSizes& sizes);

/// Rotary positions of a canvas, row-major [size, 3]: axis 0 counts text and framing tokens, a picture being one
/// step of it; axes 1 and 2 are row and column of a code, 0 elsewhere.
std::vector<std::int32_t> rotary_positions(const Canvas& canvas);

}  // namespace lacuna::fusion
