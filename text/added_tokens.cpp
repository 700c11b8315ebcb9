#include "text/added_tokens.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "runtime/weights/utf8.h"
#include "text/unicode_form.h"

namespace lacuna::text {

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), by_first_byte_(256) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    if (content.empty()) {
      throw std::invalid_argument("[AddedTokens] the added token " + std::to_string(tokens_[i].id) + " is empty");
    }
    if (!seen.insert(content).second) {
      throw std::invalid_argument("[AddedTokens] the added token " + weights::in_quotes(content) + " comes twice");
    }
    by_first_byte_[static_cast<unsigned char>(content[0])].push_back(i);
  }
  for (auto& list : by_first_byte_) {
    std::ranges::sort(list, std::ranges::greater{}, [&](std::size_t i) { return tokens_[i].content.size(); });
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view rest) const {
  for (const std::size_t i : by_first_byte_[static_cast<unsigned char>(rest[0])]) {
    if (rest.starts_with(tokens_[i].content)) return &tokens_[i];
  }
  return nullptr;
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text, SpecialTokens specials) const {
  std::vector<Part> parts;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size() && !tokens_.empty();) {
    const AddedToken* token = longest_at(text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + token->content.size();
    at = end;
    if (token->special && specials == SpecialTokens::as_text) continue;
    if (token->single_word && ((begin > 0 && is_word_character(character_before(text, begin))) ||
                               (end < text.size() && is_word_character(character_at(text, end))))) {
      continue;
    }
    while (token->lstrip && begin > done && is_white_space(character_before(text, begin))) {
      begin -= utf8_length(character_before(text, begin));
    }
    while (token->rstrip && end < text.size() && is_white_space(character_at(text, end))) {
      end += utf8_length(character_at(text, end));
    }
    if (begin > done) parts.push_back({text.substr(done, begin - done), std::nullopt});
    parts.push_back({text.substr(begin, end - begin), token->id});
    done = at = end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), std::nullopt});
  return parts;
}

}  // namespace lacuna::text
