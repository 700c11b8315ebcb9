#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe_model.h"
#include "text/text_tokenizer.h"
#include "text/unicode_form.h"

namespace lacuna::text {

/// One step of cutting a text before BPE: first a space in front of every piece that has none (if asked), then
/// the matches of an expression (see SplitPattern; empty = no cut).
struct SplitStep {
  enum class Prefix : std::uint8_t { none, space };
  Prefix prefix = Prefix::none;
  std::string pattern;
};

/// Everything that makes a byte-level BPE tokenizer, as a file gives it.
struct ByteLevelBpeDefinition {
  UnicodeForm form = UnicodeForm::none;
  std::vector<SplitStep> steps;
  std::vector<Piece> pieces;  // spelt in the byte alphabet
  std::vector<MergeRule> merges;
  std::vector<AddedToken> added;
  std::optional<std::string> unknown;
  /// Words that are pieces as a whole are never built up from merges.
  enum class WholeWords : std::uint8_t { merged, looked_up };
  WholeWords whole_words = WholeWords::merged;
};

/// Byte-level BPE as in GPT-2, Llama 3, LLaDA, Qwen and Dream. Adds no begin or end token.
///
/// encode() takes special tokens that are spelt out in the text as text (SpecialTokens::as_text).
class ByteLevelBpeTokenizer final : public TextTokenizer {
 public:
  /// Throws std::invalid_argument for a definition that contradicts itself or an expression that is none.
  explicit ByteLevelBpeTokenizer(ByteLevelBpeDefinition definition);
  ByteLevelBpeTokenizer(ByteLevelBpeTokenizer&&) noexcept;
  ByteLevelBpeTokenizer& operator=(ByteLevelBpeTokenizer&&) noexcept;
  ~ByteLevelBpeTokenizer() override;

  std::vector<std::int32_t> encode(std::string_view text) const override;
  std::vector<std::int32_t> encode_with_specials(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::string decode_without_specials(std::span<const std::int32_t> ids) const override;
  std::string piece(std::int32_t id) const override;
  std::int32_t size() const override;
  std::optional<std::int32_t> special_id(std::string_view content) const override;

  /// What BPE is given one by one: the normalised text in pieces, with added tokens as they are.
  std::vector<std::string> pre_tokens(std::string_view text, SpecialTokens specials) const;

 private:
  struct Parts;
  struct Word;
  std::vector<Word> words(std::string_view text, SpecialTokens specials) const;
  std::vector<std::int32_t> encode(std::string_view text, SpecialTokens specials) const;
  void check_id(std::int32_t id, const char* function) const;

  std::unique_ptr<const Parts> parts_;
};

}  // namespace lacuna::text
