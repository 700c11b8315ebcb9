#include "fusion/layout.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "fusion/image_ids.h"

namespace lacuna::fusion {
namespace {

/// Text ids padded to the span; a mask stays a mask.
std::vector<std::int32_t> padded(std::span<const std::int32_t> text, int length, std::int32_t fill) {
  if (text.size() > std::size_t(length)) {
    throw std::invalid_argument("[layout] expected at most " + std::to_string(length) +
                                " text tokens, the length of this model's text span, got " +
                                std::to_string(text.size()) + "; shorten the text");
  }
  std::vector<std::int32_t> ids(text.begin(), text.end());
  ids.resize(std::size_t(length), fill);
  return ids;
}

}  // namespace

void LayoutSizes::validate() const {
  const bool text_alone = grid_height == 0 && grid_width == 0;
  if (text_length < 1 || (!text_alone && (grid_height < 1 || grid_width < 1))) {
    throw std::invalid_argument("[layout] expected a text span and a code grid of at least 1 (or a grid of 0 x 0), got " +
                                std::to_string(text_length) + " and " + std::to_string(grid_height) + " x " +
                                std::to_string(grid_width));
  }
}

Canvas layout_infill(const TokenSpace& space, const LayoutSizes& sizes, std::span<const std::int32_t> text,
                     std::span<const std::int32_t> codes) {
  sizes.validate();
  const auto image = image_ids(space, codes, sizes.image_length(), MaskedCodes::allowed);
  Canvas canvas;
  if (sizes.image_length() == 0) {
    canvas.append_frame(space.begin_image);
    canvas.append_span(space, Modality::text, padded(text, sizes.text_length, space.end_of_text));
    return canvas;
  }
  canvas.append_span(space, Modality::text, padded(text, sizes.text_length, space.end_of_text));
  canvas.append_frame(space.begin_image);
  canvas.append_span(space, Modality::image, image, sizes.grid_height, sizes.grid_width);
  canvas.append_frame(space.end_image);
  return canvas;
}

Canvas layout_caption(const TokenSpace& space, const LayoutSizes& sizes, std::span<const std::int32_t> codes,
                      std::span<const std::int32_t> prefix) {
  return layout_infill(space, sizes, padded(prefix, sizes.text_length, space.mask), codes);
}

Canvas layout_generate(const TokenSpace& space, const LayoutSizes& sizes, std::span<const std::int32_t> text) {
  sizes.validate();
  return layout_infill(space, sizes, text,
                       std::vector<std::int32_t>(std::size_t(sizes.image_length()), kMaskedCode));
}

Canvas layout_joint(const TokenSpace& space, const LayoutSizes& sizes) {
  sizes.validate();
  return layout_generate(space, sizes,
                         std::vector<std::int32_t>(std::size_t(sizes.text_length), space.mask));
}

std::vector<std::int32_t> rotary_positions(const Canvas& canvas) {
  std::vector<std::int32_t> positions(std::size_t(canvas.size()) * 3, 0);
  std::int32_t next = 0;  // position on axis 0
  int i = 0;
  const auto put = [&](std::int32_t a, std::int32_t row, std::int32_t column) {
    positions[std::size_t(i) * 3] = a;
    positions[std::size_t(i) * 3 + 1] = row;
    positions[std::size_t(i) * 3 + 2] = column;
    ++i;
  };
  for (const Span& span : canvas.spans()) {
    while (i < span.begin) put(next++, 0, 0);
    if (span.modality == Modality::text) {
      while (i < span.end()) put(next++, 0, 0);
    } else {
      for (int c = 0; c < span.size; ++c) {
        while (i < span.position(c)) put(next, 0, 0);
        put(next, c / span.grid_width, c % span.grid_width);
      }
      ++next;
    }
  }
  while (i < canvas.size()) put(next++, 0, 0);
  return positions;
}

}  // namespace lacuna::fusion
