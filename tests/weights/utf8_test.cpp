#include "runtime/weights/utf8.h"

#include <gtest/gtest.h>

namespace lacuna::weights {
namespace {

TEST(Utf8, AcceptsEveryCodePointAndNothingElse) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    std::string text;
    append_utf8(text, c);
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    ASSERT_EQ(find_invalid_utf8(text), surrogate ? 0 : std::string_view::npos) << std::uint32_t{c};
    // Every proper prefix of a sequence is incomplete.
    for (std::size_t n = 1; n < text.size(); ++n) {
      ASSERT_EQ(find_invalid_utf8(std::string_view(text).substr(0, n)), 0u);
    }
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE", "\xC3(",
        "\xE2\x82(", "\xF0\x9F\x98("}) {
    EXPECT_EQ(find_invalid_utf8(std::string("ab\xC3\xA9") + bad + "tail"), 4u);
  }
}

TEST(Utf8, QuotesForMessages) {
  EXPECT_EQ(in_quotes("\xC3\xA9"), "\"\xC3\xA9\"");
  EXPECT_EQ(in_quotes("a\n\x7f\xff"), "\"a\\x0a\\x7f\\xff\"");
  EXPECT_EQ(in_quotes("abcdef", 3), "\"abc...\"");
  // A character is never cut in two.
  EXPECT_EQ(in_quotes("\xC3\xA9\xC3\xA9\xC3\xA9", 3), "\"\xC3\xA9\xC3\xA9...\"");
}

}  // namespace
}  // namespace lacuna::weights
