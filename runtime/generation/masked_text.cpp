#include "runtime/generation/masked_text.h"

#include <charconv>
#include <stdexcept>

namespace lacuna::generation {
namespace {

constexpr std::string_view kOpen = "[MASK";
constexpr std::string_view kSpaces = " \t\r\n";
constexpr int kLongestGap = 4096;

/// Length of the gap that starts at the front of `text`, and how many characters spell it.
struct Gap {
  int length = 1;
  std::size_t characters = 0;
};

Gap parse_gap(std::string_view text) {
  const std::string_view rest = text.substr(kOpen.size());
  if (rest.starts_with(']')) return {1, kOpen.size() + 1};
  const std::size_t close = rest.find(']');
  int length = 0;
  if (rest.starts_with(':') && close != std::string_view::npos) {
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + close, length);
    if (error == std::errc{} && end == rest.data() + close && length >= 1 && length <= kLongestGap) {
      return {length, kOpen.size() + close + 1};
    }
  }
  throw std::invalid_argument("[masked_text] expected [MASK] or [MASK:n] with n from 1 to 4096, got \"" +
                              std::string(text.substr(0, 24)) + "\"");
}

/// Without spaces at the ends: a tokenizer puts its own mark for a space before a word.
std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

}  // namespace

std::vector<std::int32_t> encode_masked_text(const text::TextTokenizer& tokenizer,
                                             const fusion::TokenSpace& space, std::string_view text) {
  std::vector<std::int32_t> ids;
  while (!text.empty()) {
    const std::size_t gap_at = text.find(kOpen);
    const std::string_view words = trimmed(text.substr(0, gap_at));
    if (!words.empty()) {
      for (std::int32_t id : tokenizer.encode(words)) ids.push_back(space.text.begin + id);
    }
    if (gap_at == std::string_view::npos) break;
    const Gap gap = parse_gap(text.substr(gap_at));
    ids.insert(ids.end(), std::size_t(gap.length), space.mask);
    text.remove_prefix(gap_at + gap.characters);
  }
  return ids;
}

std::string decode_text(const text::TextTokenizer& tokenizer, const fusion::TokenSpace& space,
                        std::span<const std::int32_t> ids, std::string_view mask_symbol) {
  std::string text;
  std::vector<std::int32_t> words;
  const auto flush = [&] {
    if (words.empty()) return;
    if (!text.empty()) text += ' ';
    text += tokenizer.decode_without_specials(words);
    words.clear();
  };
  for (std::int32_t id : ids) {
    if (id == space.end_of_text || id == space.end_of_turn) break;
    if (id == space.mask) {
      if (mask_symbol.empty()) continue;
      flush();
      text += (text.empty() ? "" : " ") + std::string(mask_symbol);
    } else if (space.text.contains(id) && id - space.text.begin < tokenizer.size()) {
      words.push_back(id - space.text.begin);  // a whole vocabulary has rows that are no words
    }
  }
  flush();
  return text;
}

}  // namespace lacuna::generation
