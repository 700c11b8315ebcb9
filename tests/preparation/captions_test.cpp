#include "runtime/preparation/captions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "tests/preparation/fixture.h"

namespace lacuna::preparation {
namespace {

CaptionRow full_row() {
  CaptionRow row;
  row.line = 12;
  row.label = "goat";
  row.style = "3d emoji";
  row.keywords = {"animal", "farm", "milk", "zodiac", "horns"};
  row.gloss = "a ruminant with horns; a person";
  return row;
}

double share(const std::vector<CaptionVariant>& variants, auto&& matches) {
  double sum = 0;
  for (const auto& v : variants) sum += matches(v.text) ? v.probability : 0;
  return sum;
}

double total(const std::vector<CaptionVariant>& variants) {
  return share(variants, [](const auto&) { return true; });
}

TEST(Captions, SharesAreThoseOfTheMix) {
  for (std::int32_t line = 1; line < 200; ++line) {
    CaptionRow row = full_row();
    row.line = line;
    const auto variants = caption_variants(row, {}, 7);
    EXPECT_EQ(variants.front().text, "3d emoji: goat");
    EXPECT_NEAR(variants.front().probability, 0.55, 1e-12);
    EXPECT_NEAR(share(variants, [](auto& t) { return t == "goat"; }), 0.20, 1e-12);
    EXPECT_NEAR(share(variants, [](auto& t) { return t.starts_with("3d emoji: goat, "); }), 0.15,
                1e-12);
    EXPECT_NEAR(share(variants, [](auto& t) { return t == "goat: a ruminant with horns"; }), 0.05,
                1e-12);
    EXPECT_NEAR(share(variants, [](auto& t) { return t.find("goat") == std::string::npos; }), 0.05,
                1e-12);
    EXPECT_NEAR(total(variants), 1.0, 1e-12);
    std::set<std::string> texts;
    for (const auto& v : variants) {
      texts.insert(v.text);
      const auto commas = std::count(v.text.begin(), v.text.end(), ',');
      EXPECT_TRUE(commas == 0 || (v.text.starts_with("3d") ? commas == 2 || commas == 3
                                                           : commas == 1 || commas == 2))
          << v.text;
    }
    EXPECT_EQ(texts.size(), variants.size());
  }
}

TEST(Captions, EveryKeywordIsDrawn) {
  std::string all;
  for (std::int32_t line = 1; line < 40; ++line) {
    CaptionRow row = full_row();
    row.line = line;
    for (const auto& v : caption_variants(row, {}, 0)) all += v.text + "\n";
  }
  for (const std::string& word : full_row().keywords) {
    EXPECT_NE(all.find(word), std::string::npos) << word;
  }
}

TEST(Captions, WhatARowLacksGoesToThePlainWordings) {
  CaptionRow row = full_row();
  row.keywords.clear();
  row.gloss.clear();
  auto variants = caption_variants(row, {}, 0);
  ASSERT_EQ(variants.size(), 2u);
  EXPECT_NEAR(variants[0].probability, 0.70, 1e-12);
  EXPECT_NEAR(variants[1].probability, 0.30, 1e-12);
  row.style.clear();
  variants = caption_variants(row, {}, 0);
  ASSERT_EQ(variants.size(), 1u);
  EXPECT_EQ(variants[0].text, "goat");
  EXPECT_NEAR(variants[0].probability, 1.0, 1e-12);
}

TEST(Captions, AMixWithoutTheMainWordingKeepsItFirst) {
  const CaptionMix mix{
      .style_label = 0, .label = 1, .with_keywords = 0, .keywords_only = 0, .gloss = 0};
  const auto variants = caption_variants(full_row(), mix, 0);
  EXPECT_EQ(variants.front().text, "3d emoji: goat");
  EXPECT_GT(variants.front().probability, 0);
  EXPECT_LT(variants.front().probability, 1e-5);
  EXPECT_NEAR(total(variants), 1.0, 1e-12);
  EXPECT_THROW((CaptionMix{.style_label = 0.9}.validate()), std::invalid_argument);
  EXPECT_THROW((CaptionMix{.style_label = 0.75, .label = 0.20, .gloss = -0.15}.validate()),
               std::invalid_argument);
}

TEST(Captions, ColoursOfMasksStandInTheCaption) {
  int white = 0;
  std::array<int, 12> inks{}, grounds{};
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const InkAndGround c = draw_colours(3, i, i % 3);
    EXPECT_NE(c.ink, c.ground);
    ++inks.at(std::size_t(c.ink));
    ++grounds.at(std::size_t(c.ground));
    white += kNamedColours[std::size_t(c.ground)].name == "white";
    EXPECT_EQ(c, draw_colours(3, i, i % 3));
  }
  EXPECT_NEAR(double(white) / kDraws, 0.5, 0.04);
  for (const int n : inks) EXPECT_GT(n, kDraws / 40);
  for (const int n : grounds) EXPECT_GT(n, kDraws / 40);

  const auto variants = caption_variants(full_row(), {}, 0, InkAndGround{.ink = 2, .ground = 1});
  EXPECT_EQ(variants.front().text, "3d emoji: red goat on white");
  EXPECT_NEAR(share(variants, [](auto& t) { return t == "goat"; }), 0.20, 1e-12);
}

TEST(Captions, EncodingCutsCountsAndJoins) {
  const ByteTokenizer tokenizer;
  CaptionLengths lengths;
  const std::vector<CaptionVariant> variants = {
      {"abcdefgh", 0.5}, {"abcdefgX", 0.25}, {"abc", 0.25}};
  const auto captions = encode_captions(variants, tokenizer, 8, lengths);
  ASSERT_EQ(captions.size(), 2u);  // equal after the cut
  EXPECT_EQ(captions[0].ids.size(), 7u);
  EXPECT_FLOAT_EQ(captions[0].probability, 0.75f);
  EXPECT_EQ(captions[1].ids.size(), 3u);
  EXPECT_EQ(lengths.truncated, 2);
  EXPECT_EQ(lengths.total(), 3);
  EXPECT_NEAR(lengths.mean(), 19.0 / 3, 1e-12);
  EXPECT_EQ(lengths.quantile(0.3), 3u);
  EXPECT_EQ(lengths.quantile(0.34), 8u);
  EXPECT_EQ(lengths.quantile(1.0), 8u);
}

TEST(Captions, CorpusHoldsNothingOfHeldOutRows) {
  CaptionRow held_out = full_row();
  held_out.label = "secret";
  held_out.split = training::Split::val_concept;
  const auto lines = caption_corpus({full_row(), held_out}, {}, 0);
  EXPECT_GT(std::count(lines.begin(), lines.end(), "3d emoji: goat"), 3);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](auto& l) { return l.find("secret") != std::string::npos; }),
            0);
}

}  // namespace
}  // namespace lacuna::preparation
