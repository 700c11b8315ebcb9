#include "vision/png_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/vision/sample_files.h"
#include "vision/image_io.h"

namespace lacuna::vision {
namespace {

using namespace testing;
using Kind = ImageError::Kind;

File plain() { return encode_image(gradient_picture({3, 3}), ImageFormat::png); }

bool contains(const File& file, const std::string& text) {
  const File part(text.begin(), text.end());
  return std::search(file.begin(), file.end(), part.begin(), part.end()) != file.end();
}

TEST(PngText, EveryTextComesBack) {
  const std::vector<std::string> values = {"",           "plain",
                                           "two\nlines", "caf\u00e9 \u00ff",
                                           "\u0100",     "\u2603 \U0001F410",
                                           "tab\there",  std::string(100'000, 'x')};
  for (const std::string& value : values) {
    const std::vector<PngText> texts = {{"parameters", value}, {"lacuna", value + "2"}};
    const File file = with_png_texts(plain(), texts);
    EXPECT_EQ(read_png_texts(file, "a.png"), texts);
    EXPECT_EQ(decode_image(file, "a.png").image, gradient_picture({3, 3}));
  }
}

TEST(PngText, Latin1IsTextAndOthersAreInternational) {
  const File latin = with_png_texts(plain(), std::vector<PngText>{{"k", "caf\u00e9"}});
  EXPECT_TRUE(contains(latin, "tEXt"));
  EXPECT_FALSE(contains(latin, "iTXt"));
  EXPECT_TRUE(contains(latin, "caf\xe9"));
  const File other = with_png_texts(plain(), std::vector<PngText>{{"k", "\u2603"}});
  EXPECT_TRUE(contains(other, "iTXt"));
  EXPECT_FALSE(contains(other, "tEXt"));
}

TEST(PngText, BadKeysAndValuesAreRefused) {
  for (const std::string& key : {std::string(), std::string(80, 'k'), std::string(" k"),
                                 std::string("k "), std::string("k\n"), std::string("k\xe9")}) {
    EXPECT_THROW(with_png_texts(plain(), std::vector<PngText>{{key, "v"}}), std::invalid_argument);
  }
  for (const std::string& value : {std::string("\xff"), std::string("\xc3"),
                                   std::string("\xed\xa0\x80"), std::string("a\0b", 3)}) {
    EXPECT_THROW(with_png_texts(plain(), std::vector<PngText>{{"k", value}}),
                 std::invalid_argument);
  }
  EXPECT_THROW(with_png_texts(golden("grey.jpg"), {}), std::invalid_argument);
}

File with_chunk(std::string_view type, const File& data) {
  File between;
  append_chunk(between, type, data);
  return make_png({1, 1}, 8, 0, false, between, [](int, int, int) { return 0; });
}

File bytes(const std::string& text) { return {text.begin(), text.end()}; }

TEST(PngText, PackedEntriesAreRead) {
  File packed = bytes(std::string("key\0\0", 5));
  const File body = zlib_packed(bytes("caf\xe9"));
  packed.insert(packed.end(), body.begin(), body.end());
  EXPECT_EQ(read_png_texts(with_chunk("zTXt", packed), "a"),
            (std::vector<PngText>{{"key", "caf\u00e9"}}));
  File international = bytes(std::string("key\0\1\0en\0Schl\0", 14));
  const File utf8 = zlib_packed(bytes("\u2603"));
  international.insert(international.end(), utf8.begin(), utf8.end());
  EXPECT_EQ(read_png_texts(with_chunk("iTXt", international), "a"),
            (std::vector<PngText>{{"key", "\u2603"}}));
}

TEST(PngText, BombsAreRefused) {
  File packed = bytes(std::string("key\0\0", 5));
  const File body = zlib_packed(File(5'000'000, 'a'));
  packed.insert(packed.end(), body.begin(), body.end());
  EXPECT_EQ(kind_of([&] { read_png_texts(with_chunk("zTXt", packed), "a"); }), Kind::too_large);
}

TEST(PngText, DamagedEntriesAreRefused) {
  const std::vector<std::pair<const char*, std::string>> entries = {
      {"tEXt", "no end of the key"},
      {"tEXt", std::string("\0value", 6)},
      {"zTXt", std::string("key\0", 4)},
      {"zTXt", std::string("key\0\1abc", 8)},
      {"zTXt", std::string("key\0\0not zlib", 13)},
      {"iTXt", std::string("key\0", 4)},
      {"iTXt", std::string("key\0\7\0\0\0x", 9)},
      {"iTXt", std::string("key\0\0\0en", 8)}};
  for (const auto& [type, data] : entries) {
    const File file = with_chunk(type, bytes(data));
    EXPECT_EQ(kind_of([&] { read_png_texts(file, "a"); }), Kind::malformed) << type;
  }
}

TEST(PngText, BytesThatAreNotUtf8AreTakenAsLatin1) {
  EXPECT_EQ(read_png_texts(with_chunk("iTXt", bytes(std::string("key\0\0\0\0\0\xe9", 9))), "a"),
            (std::vector<PngText>{{"key", "\u00e9"}}));
}

}  // namespace
}  // namespace lacuna::vision
