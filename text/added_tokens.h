#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::text {

/// A token that stands beside the vocabulary and is found in a text before anything else happens to it.
struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  bool special = false;      // a control sign rather than text
  bool normalized = false;   // looked for in the normalised text instead of the raw one
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and after it
};

/// What becomes of special tokens that are spelt out in a text.
enum class SpecialTokens : std::uint8_t {
  as_text,  // they are text like any other: nothing that a user types can control the model
  parse,    // they become their ids, as in the released code
};

/// Finds added tokens in texts: of those that begin leftmost the longest one.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// Throws std::invalid_argument for an empty content or one given twice.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  /// A stretch of text, or a token.
  struct Part {
    std::string_view text;
    std::optional<std::int32_t> id;
  };
  /// `text` (UTF-8) cut at the tokens; parts without text are left out.
  std::vector<Part> split(std::string_view text, SpecialTokens specials) const;

  std::span<const AddedToken> tokens() const { return tokens_; }

 private:
  const AddedToken* longest_at(std::string_view rest) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::vector<std::size_t>> by_first_byte_;  // longest first
};

}  // namespace lacuna::text
