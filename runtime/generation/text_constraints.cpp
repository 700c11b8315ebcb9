#include "runtime/generation/text_constraints.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

namespace lacuna::generation {
namespace {

using fusion::Canvas;
using fusion::Modality;
using fusion::TokenSpace;

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument("[constraints] " + message); }

std::vector<std::int32_t> pieces_of(const text::TextTokenizer& tokenizer, const TokenSpace& space,
                                    const std::string& word) {
  std::vector<std::int32_t> ids = tokenizer.encode(word);
  if (ids.empty()) refuse("expected a word, got an empty one");
  for (std::int32_t& id : ids) id += space.text.begin;
  return ids;
}

/// Writes the end of the text behind `length` tokens, into `text` as well, which are the canvas's words.
void set_length(const TokenSpace& space, int length, Canvas& canvas, std::vector<std::int32_t>& text) {
  if (length > int(text.size())) {
    refuse("expected a length of at most " + std::to_string(text.size()) + " tokens, got " + std::to_string(length));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ended = text[i] == space.end_of_text, inside = int(i) < length;
    if (inside ? ended : text[i] != space.mask && !ended) {
      refuse("expected a length that fits the words that are given, got " + std::to_string(length));
    }
  }
  for (std::size_t i = std::size_t(length); i < text.size(); ++i) {
    if (text[i] == space.mask) canvas.give(canvas.span(Modality::text).position(int(i)), space.end_of_text);
    text[i] = space.end_of_text;
  }
}

bool contains(const std::vector<std::int32_t>& text, const std::vector<std::int32_t>& pieces) {
  return !std::ranges::search(text, pieces).empty();
}

/// Where the pieces are most probable: the mean of their log-probabilities, each on its own.
std::size_t best_place(ProposalSource& source, const Canvas& canvas, const std::vector<std::int32_t>& text,
                       const std::vector<std::int32_t>& pieces, const std::string& word, const Draws& draws) {
  const TokenSpace& space = source.tokens();
  const fusion::Span& span = canvas.span(Modality::text);
  const std::vector<int> masked = canvas.masked_positions(Modality::text);
  std::vector<std::size_t> places;
  for (std::size_t begin = 0; begin + pieces.size() <= text.size(); ++begin) {
    const auto run = std::span(text).subspan(begin, pieces.size());
    if (std::ranges::all_of(run, [&](std::int32_t id) { return id == space.mask; })) places.push_back(begin);
  }
  if (places.empty()) {
    refuse("expected a gap of " + std::to_string(pieces.size()) + " tokens for the required word \"" + word +
           "\", there is none");
  }
  const DenoiseRequest request[] = {{&canvas, 0, masked, true}};
  std::map<int, std::vector<float>> distributions;
  auto proposals = source.propose(request, draws, 0);
  for (auto& proposal : proposals.front()) {
    distributions[proposal.position - span.begin] = std::move(proposal.distribution);
  }
  const auto score = [&](std::size_t begin) {
    double sum = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const float p = distributions.at(int(begin + i))[std::size_t(pieces[i] - space.text.begin)];
      sum += std::log(std::max(double(p), 1e-30));
    }
    return sum;
  };
  return *std::ranges::max_element(places, {}, score);
}

}  // namespace

std::vector<std::int32_t> banned_ids(const text::TextTokenizer& tokenizer, const TokenSpace& space,
                                     const std::vector<std::string>& words) {
  std::set<std::int32_t> ids;
  for (const std::string& word : words) {
    const std::vector<std::int32_t> pieces = pieces_of(tokenizer, space, word);
    for (std::int32_t piece = 0; piece < tokenizer.size(); ++piece) {
      if (tokenizer.piece(piece).find(word) != std::string::npos) ids.insert(space.text.begin + piece);
    }
    ids.insert(*std::ranges::max_element(pieces, {}, [&](std::int32_t id) {
      return tokenizer.piece(id - space.text.begin).size();
    }));
  }
  ids.erase(space.end_of_text);
  return {ids.begin(), ids.end()};
}

Constrained constrain(ProposalSource& source, const text::TextTokenizer& tokenizer, const Canvas& canvas,
                      const TextConstraints& constraints, const Draws& draws) {
  const TokenSpace& space = source.tokens();
  Constrained result{canvas, banned_ids(tokenizer, space, constraints.banned), 0};
  std::vector<std::int32_t> text = canvas.ids(Modality::text);
  if (constraints.length < 0) refuse("expected a length >= 0, got " + std::to_string(constraints.length));
  if (constraints.length > 0) {
    set_length(space, constraints.length, result.canvas, text);
    result.banned.push_back(space.end_of_text);
  }
  for (const std::string& word : constraints.required) {
    const std::vector<std::int32_t> pieces = pieces_of(tokenizer, space, word);
    for (std::int32_t id : pieces) {
      if (std::ranges::find(result.banned, id) != result.banned.end()) {
        refuse("expected required words that are not banned, got \"" + word + "\"");
      }
    }
    if (contains(text, pieces)) continue;
    const std::size_t place = best_place(source, result.canvas, text, pieces, word, draws);
    ++result.calls;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      text[place + i] = pieces[i];
      result.canvas.give(canvas.span(Modality::text).position(int(place + i)), pieces[i]);
    }
  }
  return result;
}

}  // namespace lacuna::generation
