#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lacuna::text {

/// Unicode normalisation forms (Unicode standard annex 15); `none` leaves a text as it is.
enum class UnicodeForm : std::uint8_t { none, nfc, nfd, nfkc, nfkd };

/// `text`, which is UTF-8, in that form. Throws std::invalid_argument when it is not UTF-8.
std::string normalised(std::string_view text, UnicodeForm form);

/// Unicode's White_Space property.
bool is_white_space(char32_t code_point);
/// Letters, marks, decimal and letter numbers, connecting punctuation, joiners: what a word consists of.
bool is_word_character(char32_t code_point);

/// The character that begins at `at`, or the one that ends before it. `text` is UTF-8 and the place lies inside.
char32_t character_at(std::string_view text, std::size_t at);
char32_t character_before(std::string_view text, std::size_t at);
/// Bytes of `code_point` in UTF-8.
constexpr std::size_t utf8_length(char32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

}  // namespace lacuna::text
