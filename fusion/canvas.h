#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fusion/token_space.h"

namespace lacuna::fusion {

/// given: fixed by the caller and never changed; masked: still to be filled; revealed: filled by a sampler,
/// which may mask it again; frame: a special token of the layout, never changed and never counted.
enum class PositionState : std::uint8_t { given, masked, revealed, frame };

/// A run of positions of one modality. A picture whose rows each end in a framing token has these between its rows; they
/// belong to no code.
struct Span {
  Modality modality = Modality::text;
  int begin = 0;
  int size = 0;         // words, or codes
  int grid_height = 0;  // of an image span, codes row by row: size = grid_height * grid_width
  int grid_width = 0;
  int line_end = 0;     // framing tokens behind each row of an image span but the last

  /// The position after the last one.
  int end() const { return size == 0 ? begin : position(size - 1) + 1; }
  /// Of the i-th word or code.
  int position(int i) const { return begin + i + (line_end > 0 ? i / grid_width * line_end : 0); }
};

/// One sequence being denoised: token ids, the state of each position, and which spans hold what.
class Canvas {
 public:
  /// Appends one framing token outside any span.
  void append_frame(std::int32_t id);
  /// Appends a span; `ids[i] == mask` makes position i masked, everything else given. Throws
  /// std::invalid_argument for an id outside the modality's range or a grid that does not fit.
  void append_span(const TokenSpace& space, Modality modality, std::span<const std::int32_t> ids,
                   int grid_height = 0, int grid_width = 0);

  /// Appends a picture as append_span does, each of its rows followed by the framing token `end_of_line`.
  void append_lines(const TokenSpace& space, std::span<const std::int32_t> ids, int grid_height, int grid_width,
                    std::int32_t end_of_line);

  /// Rotary position of the first token: a layout that puts padding in front leaves it out of the canvas, where it
  /// would only be masked in attention, and starts here.
  void set_first_position(int position) { first_position_ = position; }
  int first_position() const { return first_position_; }

  int size() const { return int(ids_.size()); }
  std::span<const std::int32_t> ids() const { return ids_; }
  std::span<const PositionState> states() const { return states_; }
  std::span<const Span> spans() const { return spans_; }
  /// The last span of this modality: where a prompt is a span of its own, the answer. Throws std::invalid_argument
  /// when there is none.
  const Span& span(Modality modality) const;
  bool has(Modality modality) const;
  /// Ids of that span's words or codes.
  std::vector<std::int32_t> ids(Modality modality) const;

  /// Masked positions of one modality, ascending.
  std::vector<int> masked_positions(Modality modality) const;
  int masked_count() const { return masked_count_; }

  /// masked -> revealed; a mask as `id` (released networks may draw it) changes nothing. Throws std::invalid_argument for a position in another state or an id outside its
  /// modality's range.
  void reveal(int position, std::int32_t id);
  /// masked -> given: what is asked of the result. Throws std::invalid_argument for a position in another state, the mask
  /// or an id outside its modality's range.
  void give(int position, std::int32_t id);
  /// revealed -> masked. Throws std::invalid_argument for a position in another state.
  void remask(int position);

  /// The ids with every position of `modality` masked, whatever its state: the unconditional branch of
  /// classifier-free guidance.
  std::vector<std::int32_t> ids_without(Modality modality) const;

 private:
  const Span* find(int position) const;
  void fill(int position, std::int32_t id, PositionState state);
  void check_ids(const TokenSpace& space, Modality modality, std::span<const std::int32_t> ids, int grid_height,
                 int grid_width) const;
  void append_known_or_masked(std::span<const std::int32_t> ids);

  std::vector<std::int32_t> ids_;
  std::vector<PositionState> states_;
  std::vector<Span> spans_;
  std::vector<IdRange> ranges_;  // by span
  std::int32_t mask_ = 0;
  int masked_count_ = 0;
  int first_position_ = 0;
};

}  // namespace lacuna::fusion
