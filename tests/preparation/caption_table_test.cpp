#include "runtime/preparation/caption_table.h"

#include <gtest/gtest.h>

#include "runtime/preparation/data_error.h"

namespace lacuna::preparation {
namespace {

TEST(CaptionTable, ReadsColumnsInAnyOrder) {
  const auto rows = parse_caption_table(
      "label\tother\tweight\tfile\tkeywords\tsplit\tstyle\n"
      "Goat \tx\t0.25\ta/1.png\t Farm, milk,, FARM\tval_concept\t3D Emoji\r\n"
      "\n"
      "\"quoted\"\tx\t\tb.png\t\t\t\n",
      "t.tsv");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].line, 2);
  EXPECT_EQ(rows[0].file, "a/1.png");
  EXPECT_EQ(rows[0].label, "goat");
  EXPECT_EQ(rows[0].weight, 0.25f);
  EXPECT_EQ(rows[0].split, training::Split::val_concept);
  EXPECT_EQ(rows[0].style, "3d emoji");
  EXPECT_EQ(rows[0].keywords, (std::vector<std::string>{"farm", "milk"}));
  EXPECT_EQ(rows[1].line, 4);
  EXPECT_EQ(rows[1].label, "\"quoted\"");
  EXPECT_EQ(rows[1].weight, 1.0f);
  EXPECT_EQ(rows[1].split, training::Split::train);
}

TEST(CaptionTable, ErrorsNameFileLineAndColumn) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      parse_caption_table(text, "data/captions.tsv");
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string head = "file\tlabel\tsplit\tweight\n";
  EXPECT_EQ(message(head + "a.png\tgoat\ttest\t1\n"),
            "data/captions.tsv: line 2, column \"split\": expected train, val_cross or "
            "val_concept, got \"test\"");
  for (const char* weight : {"-1", "nan", "inf", "1x", "1e99"}) {
    EXPECT_NE(
        message(head + "\na.png\tgoat\ttrain\t" + weight + "\n").find("line 3, column \"weight\""),
        std::string::npos)
        << weight;
  }
  EXPECT_NE(message(head + "a.png\t \ttrain\t1\n").find("column \"label\""), std::string::npos);
  for (const char* file : {"", "/etc/passwd", "../a.png", "a/../../b.png"}) {
    EXPECT_NE(message(head + file + "\tgoat\ttrain\t1\n").find("column \"file\""),
              std::string::npos)
        << file;
  }
  EXPECT_NE(message(head + "a.png\tgoat\n").find("line 2: expected 4 tab-separated columns"),
            std::string::npos);
  EXPECT_NE(message("file\tname\n").find("no column \"label\""), std::string::npos);
  EXPECT_NE(message("file\tlabel\tfile\n").find("twice"), std::string::npos);
  EXPECT_NE(message(head + "a.png\tgo\xFF"
                           "at\ttrain\t1\n")
                .find("line 2: expected UTF-8"),
            std::string::npos);
  EXPECT_NE(message("").find("empty"), std::string::npos);
}

}  // namespace
}  // namespace lacuna::preparation
