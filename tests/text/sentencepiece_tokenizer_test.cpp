#include "text/sentencepiece_tokenizer.h"

#include <gtest/gtest.h>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "tests/text/text_fixture.h"
#include "tests/weights/temp_folder.h"
#include "text/tokenizer_factory.h"
#include "text/utf8.h"

namespace lacuna::text {
namespace {

namespace fs = std::filesystem;
using test::kTokenizerFixtures;

const std::vector<std::string> kModels = {"bpe_identity", "unigram_nfkc"};

SentencePieceTokenizer open(const std::string& name) {
  return SentencePieceTokenizer::open(kTokenizerFixtures / (name + ".model"));
}

TEST(SentencePieceTokenizer, GoldenVectors) {
  for (const std::string& name : kModels) {
    const SentencePieceTokenizer tokenizer = open(name);
    const weights::Json vectors =
        weights::read_json_file(kTokenizerFixtures / (name + ".vectors.json"));
    EXPECT_EQ(tokenizer.size(), vectors.at("vocab_size").as_integer());
    EXPECT_EQ(vectors.at("cases").size(), 41u);
    for (const weights::Json& expected : vectors.at("cases").as_array()) {
      const std::string& text = expected.at("text").as_string();
      std::vector<std::int32_t> ids;
      for (const weights::Json& id : expected.at("ids").as_array()) {
        ids.push_back(static_cast<std::int32_t>(id.as_integer()));
      }
      EXPECT_EQ(tokenizer.encode(text), ids) << name << ": " << text;
      EXPECT_EQ(tokenizer.decode(ids), expected.at("decoded").as_string()) << name << ": " << text;
      const weights::Json& pieces = expected.at("pieces");
      ASSERT_EQ(pieces.size(), ids.size());
      for (std::size_t i = 0; i < ids.size(); ++i) {
        // The vectors hold an unknown or byte-spelled piece as the vocabulary has it.
        EXPECT_EQ(tokenizer.piece(ids[i]), pieces.as_array()[i].as_string()) << text;
      }
    }
  }
}

TEST(SentencePieceTokenizer, DecodeInvertsEncodeWithoutNormalisation) {
  const SentencePieceTokenizer tokenizer = open("bpe_identity");
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = test::random_text(random, 40);
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text) << testing::PrintToString(text);
  }
}

TEST(SentencePieceTokenizer, NormalisedTextIsAFixedPoint) {
  const SentencePieceTokenizer tokenizer = open("unigram_nfkc");
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = test::random_text(random, 40);
    // The library's NFKC is applied longest match by longest match, and a run that it leaves behind
    // may compose once more; after two rounds everything has settled.
    const std::string once = tokenizer.decode(tokenizer.encode(text));
    const std::string twice = tokenizer.decode(tokenizer.encode(once));
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(twice)), twice) << testing::PrintToString(text);
  }
}

TEST(SentencePieceTokenizer, IdsAreInRange) {
  std::mt19937 random(4);
  for (const std::string& name : kModels) {
    const SentencePieceTokenizer tokenizer = open(name);
    for (int i = 0; i < 300; ++i) {
      for (const std::int32_t id : tokenizer.encode(test::random_text(random, 60))) {
        ASSERT_GE(id, 0);
        ASSERT_LT(id, tokenizer.size());
      }
    }
  }
}

TEST(SentencePieceTokenizer, AnyIdsDecodeToUtf8) {
  std::mt19937 random(5);
  for (const std::string& name : kModels) {
    const SentencePieceTokenizer tokenizer = open(name);
    for (int i = 0; i < 1000; ++i) {
      std::vector<std::int32_t> ids(random() % 20);
      for (auto& id : ids) {
        id = static_cast<std::int32_t>(random() % static_cast<unsigned>(tokenizer.size()));
      }
      ASSERT_TRUE(is_utf8(tokenizer.decode(ids)));
    }
  }
}

TEST(SentencePieceTokenizer, RefusesTextThatIsNotUtf8) {
  const SentencePieceTokenizer tokenizer = open("bpe_identity");
  const std::string message =
      test::message_of<std::invalid_argument>([&] { tokenizer.encode("ab\xff"); });
  EXPECT_EQ(message,
            "[SentencePieceTokenizer::encode] expected UTF-8 text, got byte 0xff at byte offset 2");
  for (const char* bad : {"\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\x80"}) {
    EXPECT_THROW(tokenizer.encode(bad), std::invalid_argument);
  }
}

TEST(SentencePieceTokenizer, RefusesIdsOutOfRange) {
  const SentencePieceTokenizer tokenizer = open("bpe_identity");
  for (const std::int32_t id : {-1, 560, 1 << 30, std::numeric_limits<std::int32_t>::min()}) {
    EXPECT_THROW(tokenizer.decode(std::vector{id}), std::invalid_argument);
    EXPECT_THROW(tokenizer.piece(id), std::invalid_argument);
  }
  EXPECT_NO_THROW(tokenizer.piece(559));
}

TEST(SentencePieceTokenizer, BrokenFilesAreNamed) {
  const test::TempFolder folder;
  const std::string good = test::get_file(kTokenizerFixtures / "bpe_identity.model");
  for (const std::string& content :
       {std::string(), std::string("x"), std::string("{\"version\":\"1.0\"}"),
        good.substr(0, good.size() / 2), std::string(5000, '\0'), std::string(5000, '\xff')}) {
    test::put_file(folder / "t.model", content);
    testing::internal::CaptureStderr();
    const std::string message = test::message_of<weights::CheckpointError>(
        [&] { SentencePieceTokenizer::open(folder / "t.model"); });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_NE(message.find("t.model: not a SentencePiece model"), std::string::npos) << message;
  }
  EXPECT_THROW(SentencePieceTokenizer::open(folder / "missing.model"), weights::IoError);
  EXPECT_THROW(SentencePieceTokenizer::open(folder.path()), weights::IoError);
}

TEST(OpenTokenizer, FindsTheModelInAFolder) {
  const test::TempFolder folder;
  EXPECT_THROW(open_tokenizer(folder.path()), weights::IoError);
  test::put_file(folder / "tokenizer.json", "{}");
  EXPECT_THROW(open_tokenizer(folder.path()), weights::CheckpointError);
  fs::copy_file(kTokenizerFixtures / "bpe_identity.model", folder / "tokenizer.model");
  EXPECT_EQ(open_tokenizer(folder.path())->size(), 560);
}

}  // namespace
}  // namespace lacuna::text
