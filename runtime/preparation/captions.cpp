#include "runtime/preparation/captions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "fusion/graph/philox.h"

namespace lacuna::preparation {
namespace {

constexpr int kWhite = 1;
constexpr int kColourCount = 12;
constexpr int kKeywordDraws = 3;
constexpr double kCorpusLines = 10;  // of each row, about

/// What a draw of this file is for; the high half of Philox's step, the copy is the low half.
enum class Use : std::uint32_t { ground, ink, with_keywords, keywords_only };

double draw(std::uint64_t seed, std::int32_t line, Use use, std::uint32_t number) {
  return graph::uniform_at(seed, graph::RandomStream::data,
                           (static_cast<std::uint32_t>(use) << 24) | number, std::uint32_t(line));
}

int below(int count, double u) { return std::min(int(u * count), count - 1); }

/// Adds a wording; one that is there already gets the share on top.
void add(std::vector<CaptionVariant>& variants, std::string text, double probability) {
  if (probability <= 0) return;
  const auto same = std::find_if(variants.begin(), variants.end(),
                                 [&](const CaptionVariant& v) { return v.text == text; });
  if (same != variants.end()) {
    same->probability += probability;
  } else {
    variants.push_back({std::move(text), probability});
  }
}

/// Two or three different keywords (fewer where there are fewer) in the row's order.
std::string some_keywords(const CaptionRow& row, std::uint64_t seed, Use use, int number) {
  const int count = int(row.keywords.size());
  const auto n = std::uint32_t(number) * 8;
  const int wanted = std::min(count, 2 + below(2, draw(seed, row.line, use, n)));
  std::vector<int> order(row.keywords.size());
  std::iota(order.begin(), order.end(), 0);
  for (int i = 0; i < wanted; ++i) {
    const int j = i + below(count - i, draw(seed, row.line, use, n + 1 + std::uint32_t(i)));
    std::swap(order[std::size_t(i)], order[std::size_t(j)]);
  }
  std::sort(order.begin(), order.begin() + wanted);
  std::string out;
  for (int i = 0; i < wanted; ++i) {
    if (i > 0) out += ", ";
    out += row.keywords[std::size_t(order[std::size_t(i)])];
  }
  return out;
}

}  // namespace

const std::array<NamedColour, 12> kNamedColours = {{
    {"black", {0, 0, 0}},
    {"white", {255, 255, 255}},
    {"red", {214, 40, 40}},
    {"orange", {247, 127, 0}},
    {"yellow", {252, 211, 28}},
    {"green", {46, 150, 60}},
    {"teal", {0, 150, 160}},
    {"blue", {33, 90, 214}},
    {"purple", {120, 50, 170}},
    {"pink", {247, 130, 180}},
    {"brown", {120, 72, 32}},
    {"gray", {128, 128, 128}},
}};

InkAndGround draw_colours(std::uint64_t seed, std::int32_t line, int copy) {
  const auto number = std::uint32_t(copy) * 2;
  InkAndGround out{.ink = 0, .ground = kWhite};
  if (draw(seed, line, Use::ground, number) >= 0.5) {
    out.ground = below(kColourCount - 1, draw(seed, line, Use::ground, number + 1));
    if (out.ground >= kWhite) ++out.ground;
  }
  out.ink = below(kColourCount - 1, draw(seed, line, Use::ink, number));
  if (out.ink >= out.ground) ++out.ink;
  return out;
}

void CaptionMix::validate() const {
  const std::array<double, 5> shares = {style_label, label, with_keywords, keywords_only, gloss};
  const bool fine = std::all_of(shares.begin(), shares.end(), [](double s) { return s >= 0; });
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!fine || !(std::abs(sum - 1.0) < 1e-6)) {
    throw std::invalid_argument(
        "[CaptionMix] expected shares of 0 or more that add up to 1, got a sum of " +
        std::to_string(sum));
  }
}

std::vector<CaptionVariant> caption_variants(const CaptionRow& row, const CaptionMix& mix,
                                             std::uint64_t seed,
                                             const std::optional<InkAndGround>& colours) {
  mix.validate();
  std::string thing = row.label;
  if (colours) {
    thing = std::string(kNamedColours.at(std::size_t(colours->ink)).name) + " " + row.label +
            " on " + std::string(kNamedColours.at(std::size_t(colours->ground)).name);
  }
  const std::string main = row.style.empty() ? thing : row.style + ": " + thing;
  const bool keywords = !row.keywords.empty();
  const bool gloss = !row.gloss.empty();

  std::vector<CaptionVariant> out;
  // The main wording comes first even where its share is 0.
  const double main_share = mix.style_label + (keywords ? 0 : mix.with_keywords);
  out.push_back({main, main_share});
  add(out, row.label, mix.label + (keywords ? 0 : mix.keywords_only) + (gloss ? 0 : mix.gloss));
  if (keywords) {
    for (int i = 0; i < kKeywordDraws; ++i) {
      add(out, main + ", " + some_keywords(row, seed, Use::with_keywords, i),
          mix.with_keywords / kKeywordDraws);
      add(out, some_keywords(row, seed, Use::keywords_only, i), mix.keywords_only / kKeywordDraws);
    }
  }
  if (gloss) {
    // Definitions are long; what follows a semicolon is the second one.
    add(out, row.label + ": " + row.gloss.substr(0, row.gloss.find(';')), mix.gloss);
  }
  if (out.front().probability <= 0) {
    // Kept, with next to nothing, because evaluation reads the first wording.
    out.front().probability = 1e-6;
    std::max_element(out.begin(), out.end(), [](const auto& a, const auto& b) {
      return a.probability < b.probability;
    })->probability -= 1e-6;
  }
  return out;
}

void CaptionLengths::add(std::size_t ids) { ++counts[ids]; }

std::int64_t CaptionLengths::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0},
                         [](std::int64_t sum, const auto& entry) { return sum + entry.second; });
}

double CaptionLengths::mean() const {
  double sum = 0;
  for (const auto& [length, count] : counts) sum += double(length) * double(count);
  const std::int64_t all = total();
  return all == 0 ? 0.0 : sum / double(all);
}

std::size_t CaptionLengths::quantile(double share) const {
  const double wanted = share * double(total());
  double seen = 0;
  for (const auto& [length, count] : counts) {
    seen += double(count);
    if (seen >= wanted) return length;
  }
  return counts.empty() ? 0 : counts.rbegin()->first;
}

std::vector<training::CaptionTokens> encode_captions(const std::vector<CaptionVariant>& variants,
                                                     const text::TextTokenizer& tokenizer,
                                                     int text_length, CaptionLengths& lengths) {
  const auto room = std::size_t(text_length - 1);
  std::vector<training::CaptionTokens> out;
  for (const CaptionVariant& variant : variants) {
    auto ids = tokenizer.encode(variant.text);
    lengths.add(ids.size());
    if (ids.size() > room) {
      ++lengths.truncated;
      ids.resize(room);
    }
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const training::CaptionTokens& c) { return c.ids == ids; });
    if (same != out.end()) {
      same->probability += float(variant.probability);
    } else {
      out.push_back({std::move(ids), float(variant.probability)});
    }
  }
  return out;
}

std::vector<std::string> caption_corpus(const std::vector<CaptionRow>& rows, const CaptionMix& mix,
                                        std::uint64_t seed) {
  std::vector<std::string> out;
  for (const CaptionRow& row : rows) {
    if (row.split != training::Split::train) continue;
    for (const CaptionVariant& variant : caption_variants(row, mix, seed)) {
      const auto times = std::max(1L, std::lround(kCorpusLines * variant.probability));
      out.insert(out.end(), std::size_t(times), variant.text);
    }
  }
  // Colour names appear only in recoloured masks; the tokenizer should know them anyway.
  for (const NamedColour& colour : kNamedColours) {
    out.push_back(std::string(colour.name) + " on white");
  }
  return out;
}

}  // namespace lacuna::preparation
