#include "fusion/training/toml.h"

#include <gtest/gtest.h>

namespace lacuna::training {
namespace {

TEST(Toml, ReadsTheFlatSubset) {
  const auto entries = parse_toml(
      "# a comment\n"
      "top = 1_000\n"
      "[run]\r\n"
      "output-dir = \"a \\\"b\\\" \\\\ \\n\"  # why\n"
      "literal = 'C:\\x'\n"
      "  rate=-1.5e-3\n"
      "flag = false\n",
      "f.toml");
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[0].section, "");
  EXPECT_EQ(entries[0].value, "1000");
  EXPECT_EQ(entries[1].section, "run");
  EXPECT_EQ(entries[1].value, "a \"b\" \\ \n");
  EXPECT_EQ(entries[2].value, "C:\\x");
  EXPECT_EQ(entries[3].value, "-1.5e-3");
  EXPECT_EQ(entries[3].kind, TomlEntry::Kind::number);
  EXPECT_EQ(entries[4].kind, TomlEntry::Kind::boolean);
  EXPECT_EQ(entries[4].line, 7);
}

TEST(Toml, StringsSurviveBeingWritten) {
  const std::string text = "a\"b\\c\nd\te '#=";
  const auto entries = parse_toml("x = " + toml_string(text), "f");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].value, text);
}

TEST(Toml, ErrorsNameFileAndLine) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"a = 1\nb", "f.toml:2: expected ="},
      {"a = ", "expected a value"},
      {"a = 1 2", "expected the end of the line"},
      {"a = [1, 2]", "expected a number"},
      {"a = 1__0", "expected a number"},
      {"a = _1", "expected a number"},
      {"a = 1.", "expected a number"},
      {"a = 1e", "expected a number"},
      {"a = 2026-11-22", "expected a number"},
      {"a = nan", "expected a number"},
      {"a = \"x", "expected a closing \""},
      {"a = \"\\q\"", "after a backslash"},
      {"a = 'x", "expected a closing '"},
      {"[run", "expected ]"},
      {"[[run]]", "expected a name"},
      {"a.b = 1", "expected ="},
      {"= 1", "expected a name"},
      {"a = 1\n[s]\na = 1\na = 2", "f.toml:4: \"a\" is there twice"},
      {"a = truex", "expected the end of the line"},
  };
  for (const auto& c : cases) {
    try {
      parse_toml(c.text, "f.toml");
      FAIL() << c.text;
    } catch (const OptionError& error) {
      EXPECT_NE(std::string(error.what()).find(c.message), std::string::npos) << c.text << " -> " << error.what();
      EXPECT_EQ(std::string(error.what()).find("f.toml:"), 0U) << error.what();
    }
  }
}

}  // namespace
}  // namespace lacuna::training
