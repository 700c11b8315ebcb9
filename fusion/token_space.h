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

/// The one id range of a model: text pieces, image codes and special tokens, in whatever order a checkpoint
/// has them. Ranges may not overlap each other or the special ids, except end_of_text, which is a text id.
struct TokenSpace {
  std::int32_t size = 0;  // rows of the embedding
  IdRange text;
  IdRange image;
  std::int32_t mask = 0;
  std::int32_t end_of_text = 0;  // ends a text span and fills the rest of it
  std::int32_t begin_image = 0;
  std::int32_t end_image = 0;

  /// The slice of the vocabulary that a position of this modality may take.
  const IdRange& range(Modality modality) const { return modality == Modality::text ? text : image; }
  /// Throws std::invalid_argument naming the first rule that is broken.
  void validate() const;

  friend bool operator==(const TokenSpace&, const TokenSpace&) = default;
};

}  // namespace lacuna::fusion
