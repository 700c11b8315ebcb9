#pragma once

#include <cstdint>
#include <string_view>

namespace lacuna::fusion {

/// What a position of a canvas holds.
enum class Modality : std::uint8_t { text, image };

std::string_view name_of(Modality modality);

/// A half-open range of token ids.
struct IdRange {
  std::int32_t begin = 0;
  std::int32_t size = 0;

  std::int32_t end() const { return begin + size; }
  bool contains(std::int32_t id) const { return id >= begin && id < end(); }

  friend bool operator==(const IdRange&, const IdRange&) = default;
};

/// What end-of-text means inside a text span.
enum class TextEnd : std::uint8_t {
  /// It ends the text: only end-of-text follows it, and none is placed before a known word.
  fills_span,
  /// A token as any other: the released models were sampled without such a rule.
  plain,
};

/// The one id range of a model: text pieces, image codes and special tokens, in whatever order a checkpoint
/// has them. end_of_text is a text id. Ranges may not overlap each other or the other special ids, with one exception:
/// a text range that is the whole vocabulary, as the released models draw words. An image range of size 0 means a
/// model of text alone.
struct TokenSpace {
  std::int32_t size = 0;  // rows of the embedding
  IdRange text;
  IdRange image;
  std::int32_t mask = 0;
  std::int32_t end_of_text = 0;  // ends a text span and fills the rest of it
  std::int32_t begin_image = 0;
  std::int32_t end_image = 0;
  std::int32_t end_of_turn = -1;  // ends an answer as well; -1 = there is none
  TextEnd text_end = TextEnd::fills_span;

  bool has_images() const { return image.size > 0; }
  /// The slice of the vocabulary that a position of this modality may take.
  const IdRange& range(Modality modality) const { return modality == Modality::text ? text : image; }
  /// Throws std::invalid_argument naming the first rule that is broken.
  void validate() const;

  friend bool operator==(const TokenSpace&, const TokenSpace&) = default;
};

}  // namespace lacuna::fusion
