#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::text {

/// Text to ids and back. Ids are [0, size()). Special tokens (mask, begin, pad, ...) are no
/// business of a tokenizer: they belong to the token space, and no text can produce them.
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
};

}  // namespace lacuna::text
