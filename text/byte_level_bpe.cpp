#include "text/byte_level_bpe.h"

#include <algorithm>
#include <stdexcept>

#include "runtime/weights/utf8.h"
#include "text/byte_alphabet.h"
#include "text/split_pattern.h"
#include "text/utf8.h"

namespace lacuna::text {

/// A piece of text for BPE, or an added token.
struct ByteLevelBpeTokenizer::Word {
  std::string text;
  std::optional<std::int32_t> id;
};

struct ByteLevelBpeTokenizer::Parts {
  struct Step {
    SplitStep::Prefix prefix = SplitStep::Prefix::none;
    std::optional<SplitPattern> pattern;
  };

  explicit Parts(ByteLevelBpeDefinition d) : form(d.form), whole_words(d.whole_words), model(d.pieces, d.merges) {
    for (const SplitStep& step : d.steps) {
      steps.push_back({step.prefix, std::nullopt});
      if (!step.pattern.empty()) steps.back().pattern.emplace(step.pattern);
    }
    if (d.unknown) {
      unknown = model.find(*d.unknown);
      if (!unknown) {
        throw std::invalid_argument("[ByteLevelBpeTokenizer] the unknown token " + weights::in_quotes(*d.unknown) +
                                    " is not in the vocabulary");
      }
    }
    for (auto& [piece, id] : d.pieces) put(id, std::move(piece));
    std::vector<AddedToken> raw, normalised_ones;
    for (AddedToken& token : d.added) {
      if (token.id < 0 || token.id >= BpeModel::kMaxPieces) {
        throw std::invalid_argument("[ByteLevelBpeTokenizer] expected ids in [0, " +
                                    std::to_string(BpeModel::kMaxPieces) + "), got " + std::to_string(token.id) +
                                    " for the added token " + weights::in_quotes(token.content));
      }
      put(token.id, token.content);
      kind[static_cast<std::size_t>(token.id)] = token.special ? Kind::special : Kind::added;
      if (token.normalized) {
        token.content = normalised(token.content, form);
        normalised_ones.push_back(std::move(token));
      } else {
        raw.push_back(std::move(token));
      }
    }
    before = AddedTokens(std::move(raw));
    after = AddedTokens(std::move(normalised_ones));
  }

  void put(std::int32_t id, std::string piece) {
    const auto at = static_cast<std::size_t>(id);
    if (pieces.size() <= at) {
      pieces.resize(at + 1);
      kind.resize(at + 1, Kind::none);
    }
    if (kind[at] != Kind::none && pieces[at] != piece) {
      throw std::invalid_argument("[ByteLevelBpeTokenizer] the id " + std::to_string(id) + " belongs to " +
                                  weights::in_quotes(pieces[at]) + " and to " + weights::in_quotes(piece));
    }
    pieces[at] = std::move(piece);
    kind[at] = Kind::piece;
  }

  enum class Kind : std::uint8_t { none, piece, added, special };

  UnicodeForm form;
  ByteLevelBpeDefinition::WholeWords whole_words;
  BpeModel model;
  std::vector<Step> steps;
  std::optional<std::int32_t> unknown;
  std::vector<std::string> pieces;  // by id
  std::vector<Kind> kind;
  AddedTokens before, after;  // looked for before and after normalisation
};

ByteLevelBpeTokenizer::ByteLevelBpeTokenizer(ByteLevelBpeDefinition definition)
    : parts_(std::make_unique<const Parts>(std::move(definition))) {}
ByteLevelBpeTokenizer::ByteLevelBpeTokenizer(ByteLevelBpeTokenizer&&) noexcept = default;
ByteLevelBpeTokenizer& ByteLevelBpeTokenizer::operator=(ByteLevelBpeTokenizer&&) noexcept = default;
ByteLevelBpeTokenizer::~ByteLevelBpeTokenizer() = default;

std::vector<ByteLevelBpeTokenizer::Word> ByteLevelBpeTokenizer::words(std::string_view text,
                                                                      SpecialTokens specials) const {
  require_utf8(text, "ByteLevelBpeTokenizer::encode");
  std::vector<Word> words;
  const auto cut = [&](std::string_view plain) {
    std::vector<std::string> pieces{std::string(plain)};
    for (const Parts::Step& step : parts_->steps) {
      std::vector<std::string> next;
      for (std::string& piece : pieces) {
        if (step.prefix == SplitStep::Prefix::space && !piece.starts_with(' ')) piece.insert(piece.begin(), ' ');
        if (!step.pattern) {
          next.push_back(std::move(piece));
          continue;
        }
        for (const std::string_view part : step.pattern->split(piece)) next.emplace_back(part);
      }
      pieces = std::move(next);
    }
    for (std::string& piece : pieces) words.push_back({std::move(piece), std::nullopt});
  };
  for (const AddedTokens::Part& part : parts_->before.split(text, specials)) {
    if (part.id) {
      words.push_back({std::string(part.text), part.id});
      continue;
    }
    const std::string normal = normalised(part.text, parts_->form);
    for (const AddedTokens::Part& inner : parts_->after.split(normal, specials)) {
      if (inner.id) {
        words.push_back({std::string(inner.text), inner.id});
      } else {
        cut(inner.text);
      }
    }
  }
  return words;
}

std::vector<std::string> ByteLevelBpeTokenizer::pre_tokens(std::string_view text, SpecialTokens specials) const {
  std::vector<std::string> result;
  for (Word& word : words(text, specials)) result.push_back(std::move(word.text));
  return result;
}

std::vector<std::int32_t> ByteLevelBpeTokenizer::encode(std::string_view text, SpecialTokens specials) const {
  std::vector<std::int32_t> ids;
  for (const Word& word : words(text, specials)) {
    if (word.id) {
      ids.push_back(*word.id);
      continue;
    }
    if (parts_->whole_words == ByteLevelBpeDefinition::WholeWords::looked_up) {
      if (const auto whole = parts_->model.find(spelt(word.text))) {
        ids.push_back(*whole);
        continue;
      }
    }
    parts_->model.encode(word.text, parts_->unknown, ids);
  }
  return ids;
}

std::vector<std::int32_t> ByteLevelBpeTokenizer::encode(std::string_view text) const {
  return encode(text, SpecialTokens::as_text);
}

std::vector<std::int32_t> ByteLevelBpeTokenizer::encode_with_specials(std::string_view text) const {
  return encode(text, SpecialTokens::parse);
}

std::string ByteLevelBpeTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string bytes;
  for (const std::int32_t id : ids) {
    check_id(id, "decode");
    const std::string& piece = parts_->pieces[static_cast<std::size_t>(id)];
    // A piece with a character outside the alphabet (only an added token can have one) stands for itself.
    bytes += bytes_of(piece).value_or(piece);
  }
  return lossy_utf8(bytes);
}

std::string ByteLevelBpeTokenizer::decode_without_specials(std::span<const std::int32_t> ids) const {
  std::vector<std::int32_t> kept;
  for (const std::int32_t id : ids) {
    check_id(id, "decode");
    if (parts_->kind[static_cast<std::size_t>(id)] != Parts::Kind::special) kept.push_back(id);
  }
  return decode(kept);
}

std::string ByteLevelBpeTokenizer::piece(std::int32_t id) const {
  check_id(id, "piece");
  return parts_->pieces[static_cast<std::size_t>(id)];
}

std::int32_t ByteLevelBpeTokenizer::size() const { return static_cast<std::int32_t>(parts_->pieces.size()); }

std::optional<std::int32_t> ByteLevelBpeTokenizer::special_id(std::string_view content) const {
  for (const AddedTokens* list : {&parts_->before, &parts_->after}) {
    for (const AddedToken& token : list->tokens()) {
      if (token.content == content && token.special) return token.id;
    }
  }
  return std::nullopt;
}

void ByteLevelBpeTokenizer::check_id(std::int32_t id, const char* function) const {
  if (id >= 0 && id < size()) return;
  throw std::invalid_argument("[ByteLevelBpeTokenizer::" + std::string(function) + "] expected an id in [0, " +
                              std::to_string(size()) + "), got " + std::to_string(id));
}

}  // namespace lacuna::text
