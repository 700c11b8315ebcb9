#include "runtime/generation/masked_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lacuna::generation {
namespace {

/// One id for each byte.
class Bytes final : public text::TextTokenizer {
 public:
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    for (const char c : text) ids.push_back(std::uint8_t(c));
    return ids;
  }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    for (const std::int32_t id : ids) text += char(id);
    return text;
  }
  std::string piece(std::int32_t id) const override { return std::string(1, char(id)); }
  std::int32_t size() const override { return 256; }
};

constexpr int kShift = 10;  // first text id

fusion::TokenSpace space() {
  fusion::TokenSpace s;
  s.text = {kShift, 256};
  s.image = {kShift + 256, 4};
  s.mask = 1;
  s.end_of_text = kShift;
  s.begin_image = 2;
  s.end_image = 3;
  s.size = kShift + 260;
  return s;
}

std::vector<std::int32_t> ids_of(std::string_view text) {
  std::vector<std::int32_t> ids;
  for (const char c : text) ids.push_back(c == '_' ? space().mask : kShift + c);
  return ids;
}

TEST(MaskedText, GapsBecomeMasksAndSpacesBesideThemGo) {
  EXPECT_EQ(encode_masked_text(Bytes(), space(), "a [MASK:3] on [MASK] b"), ids_of("a___on_b"));
  EXPECT_EQ(encode_masked_text(Bytes(), space(), "[MASK][MASK:2]"), ids_of("___"));
  EXPECT_EQ(encode_masked_text(Bytes(), space(), " two words "), ids_of("two words"));
  EXPECT_TRUE(encode_masked_text(Bytes(), space(), "").empty());
}

TEST(MaskedText, OtherBracketsAreText) {
  EXPECT_EQ(encode_masked_text(Bytes(), space(), "[mask] [x]"), ids_of("[mask] [x]"));
}

TEST(MaskedText, RefusesGapsThatAreNone) {
  for (const char* text : {"[MASK", "a [MASK:", "[MASK:]", "[MASK:0]", "[MASK:-1]", "[MASK:4097]",
                           "[MASK:2x]", "[MASKS]", "[MASK:99999999999]"}) {
    EXPECT_THROW(encode_masked_text(Bytes(), space(), text), std::invalid_argument) << text;
  }
}

TEST(MaskedText, DecodesUpToTheEnd) {
  auto ids = ids_of("ab");
  ids.push_back(space().end_of_text);
  ids.push_back(kShift + 'c');
  EXPECT_EQ(decode_text(Bytes(), space(), ids), "ab");
  EXPECT_EQ(decode_text(Bytes(), space(), ids_of("a_b"), "?"), "a ? b");
  EXPECT_EQ(decode_text(Bytes(), space(), ids_of("a_b")), "ab");
}

}  // namespace
}  // namespace lacuna::generation
