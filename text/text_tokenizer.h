#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::text {

/// Text to ids and back. Ids are [0, size()). Special tokens (mask, begin, pad, ...) belong to the
/// token space, and no text can produce them: `encode` takes them as text where they are spelt out.
///
/// `decode(encode(s)) == n` and `decode(encode(n)) == n`, where n is s as the tokenizer's
/// normalisation leaves it. Implementations are immutable and safe to use from several threads.
class TextTokenizer {
 public:
  virtual ~TextTokenizer() = default;

  /// Throws std::invalid_argument when `text` is not UTF-8.
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;

  /// Always UTF-8: bytes that do not form characters become U+FFFD.
  /// Throws std::invalid_argument for an id outside [0, size()).
  virtual std::string decode(std::span<const std::int32_t> ids) const = 0;

  /// The piece as the vocabulary spells it, for listings. Throws std::invalid_argument as `decode`
  /// does.
  virtual std::string piece(std::int32_t id) const = 0;

  /// Number of ids.
  virtual std::int32_t size() const = 0;

  /// For tokenizers whose files have special tokens of their own (begin, end of turn, mask, ...; byte-level BPE does):
  /// as `encode`, but special tokens that are spelt out become their ids, which is how released models take their
  /// prompts. Never for what a user types.
  virtual std::vector<std::int32_t> encode_with_specials(std::string_view text) const { return encode(text); }

  /// As `decode`, which spells special tokens out, but without them.
  virtual std::string decode_without_specials(std::span<const std::int32_t> ids) const { return decode(ids); }

  /// Id of the special token spelt `content`, if there is one.
  virtual std::optional<std::int32_t> special_id(std::string_view content) const {
    static_cast<void>(content);
    return std::nullopt;
  }
};

}  // namespace lacuna::text
