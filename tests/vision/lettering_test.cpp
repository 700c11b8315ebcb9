#include "vision/lettering.h"

#include <gtest/gtest.h>

#include "vision/tiling.h"

namespace lacuna::vision {
namespace {

const Lettering kLettering{10, {0, 0, 0}};

TEST(Lettering, WrappedLinesFitAndKeepTheWords) {
  const std::string text = "blue outline icon: microphone on a very long stand, seen from below";
  for (const int width : {60, 90, 128, 300}) {
    const auto lines = wrap_text(text, width, 100, kLettering);
    std::string joined;
    for (const std::string& line : lines) {
      EXPECT_LE(text_width(line, kLettering), width) << line;
      joined += (joined.empty() ? "" : " ") + line;
    }
    if (width >= 90) {  // no word is longer than that
      EXPECT_EQ(joined, text);
    }
  }
}

TEST(Lettering, WhatDoesNotFitEndsInDots) {
  const auto lines = wrap_text("one two three four five six seven", 60, 2, kLettering);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[1].ends_with("...")) << lines[1];
  EXPECT_LE(text_width(lines[1], kLettering), 60);
}

TEST(Lettering, LongWordsAreBroken) {
  const std::string word(100, 'm');
  const auto lines = wrap_text(word, 60, 1000, kLettering);
  std::string joined;
  for (const std::string& line : lines) joined += line;
  EXPECT_EQ(joined, word);
  EXPECT_EQ(wrap_text("mm", 1, 10, kLettering).size(), 2u);  // always at least one letter
  EXPECT_TRUE(wrap_text("", 60, 2, kLettering).empty());
  EXPECT_TRUE(wrap_text("   ", 60, 2, kLettering).empty());
  EXPECT_TRUE(wrap_text("word", 60, 0, kLettering).empty());
}

TEST(Lettering, OtherLettersHaveAPlainForm) {
  EXPECT_EQ(plain_letters("a\u2013b \u201cc\u201d\u2026"), "a-b \"c\"...");
  EXPECT_EQ(plain_letters("caf\u00e9 \U0001F410"), "caf? ?");
  EXPECT_EQ(plain_letters("a\nb\x7f"), "a b ");
  EXPECT_EQ(plain_letters("\xff\xc3"), "??");
}

TEST(Lettering, LettersAreDrawnInsideTheirLine) {
  Image8 canvas = filled({40, 120}, {});
  draw_text(canvas, "gHMjy|", 10, 10, kLettering);
  int dark = 0;
  const int width = text_width("gHMjy|", kLettering);
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 120; ++x) {
      if (canvas.pixel(y, x)[0] > 200) continue;
      ++dark;
      EXPECT_TRUE(y >= 9 && y < 10 + line_height(kLettering) && x >= 9 && x <= 10 + width)
          << y << "," << x;
    }
  }
  EXPECT_GT(dark, 60);
}

TEST(Lettering, TextOutsideTheCanvasIsCut) {
  Image8 canvas = filled({10, 10}, {});
  draw_text(canvas, "wide text", -5, -20, kLettering);
  draw_text(canvas, "wide text", 8, 8, kLettering);
  draw_text(canvas, "wide text", 100, 100, kLettering);
}

}  // namespace
}  // namespace lacuna::vision
