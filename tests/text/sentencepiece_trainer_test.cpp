#include "text/sentencepiece_trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/weights/io_error.h"
#include "tests/text/text_fixture.h"
#include "tests/weights/temp_folder.h"
#include "text/sentencepiece_tokenizer.h"

namespace lacuna::text {
namespace {

using Options = SentencePieceTrainingOptions;

SentencePieceTokenizer train(const Options& options, const std::vector<std::string>& lines) {
  return SentencePieceTokenizer::from_bytes(train_sentencepiece(options, lines), "trained");
}

std::string why(const Options& options, const std::vector<std::string>& lines) {
  return test::message_of<std::invalid_argument>([&] { train_sentencepiece(options, lines); });
}

const std::vector<Options> kKinds = {
    {.vocab_size = 312, .model_type = SentencePieceModelType::unigram},
    {.vocab_size = 350, .model_type = SentencePieceModelType::bpe},
    {.vocab_size = 312, .normalization = Normalization::nmt_nfkc_cf},
};

TEST(TrainSentencePiece, EveryKindReadsAnyTextBack) {
  const std::vector<std::string> lines = test::captions(500);
  std::mt19937 random(6);
  for (const Options& options : kKinds) {
    const SentencePieceTokenizer tokenizer = train(options, lines);
    EXPECT_EQ(tokenizer.size(), options.vocab_size);
    std::size_t bytes = 0, ids = 0;
    for (const std::string& line : lines) {
      EXPECT_EQ(tokenizer.decode(tokenizer.encode(line)), line);
      bytes += line.size();
      ids += tokenizer.encode(line).size();
    }
    EXPECT_LT(ids, bytes * 4 / 5) << "the pieces were learned, not spelled";
    if (options.normalization != Normalization::identity) continue;
    for (int i = 0; i < 300; ++i) {
      const std::string text = test::random_text(random, 30);
      ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text) << testing::PrintToString(text);
    }
  }
}

TEST(TrainSentencePiece, FoldsCaseOnRequest) {
  const SentencePieceTokenizer tokenizer = train(kKinds[2], test::captions(500));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("  Red   APPLE ")), "red apple");
}

TEST(TrainSentencePiece, HasNoControlPieces) {
  const SentencePieceTokenizer tokenizer = train(kKinds[0], test::captions(500));
  EXPECT_EQ(tokenizer.piece(0), "<unk>");
  EXPECT_EQ(tokenizer.piece(1), "<0x00>");
  EXPECT_EQ(tokenizer.piece(256), "<0xFF>");
  for (std::int32_t id = 257; id < tokenizer.size(); ++id) {
    EXPECT_NE(tokenizer.piece(id).front(), '<') << tokenizer.piece(id);
  }
  // With byte fallback no text is unknown.
  std::mt19937 random(8);
  for (int i = 0; i < 200; ++i) {
    const std::vector<std::int32_t> ids = tokenizer.encode(test::random_text(random, 30));
    EXPECT_EQ(std::count(ids.begin(), ids.end(), 0), 0);
  }
}

TEST(TrainSentencePiece, IsDeterministicAndSilent) {
  const std::vector<std::string> lines = test::captions(800);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  for (const Options& options : kKinds) {
    EXPECT_EQ(train_sentencepiece(options, lines), train_sentencepiece(options, lines));
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TrainSentencePiece, SamplesLongCorporaBySeed) {
  const std::vector<std::string> lines = test::captions(3000);
  Options options = kKinds[0];
  options.max_lines = 700;
  const std::string first = train_sentencepiece(options, lines);
  EXPECT_EQ(train_sentencepiece(options, lines), first);
  options.seed = 1;
  EXPECT_NE(train_sentencepiece(options, lines), first);
  options.max_lines = 3000;
  EXPECT_EQ(train_sentencepiece(options, lines), train_sentencepiece(kKinds[0], lines));
}

TEST(TrainSentencePiece, RefusesBadOptions) {
  const std::vector<std::string> lines = test::captions(100);
  const auto expect_named = [&](Options options, std::string_view field) {
    EXPECT_NE(why(options, lines).find(field), std::string::npos) << why(options, lines);
  };
  expect_named({.vocab_size = 0}, "vocab_size");
  expect_named({.vocab_size = -5}, "vocab_size");
  expect_named({.vocab_size = 257}, "vocab_size");
  expect_named({.vocab_size = 1 << 30}, "vocab_size");
  expect_named({.character_coverage = 0.97}, "character_coverage");
  expect_named({.character_coverage = 1.01}, "character_coverage");
  expect_named({.character_coverage = NAN}, "character_coverage");
  expect_named({.max_lines = -1}, "max_lines");
}

TEST(TrainSentencePiece, RefusesTextItCannotLearnFrom) {
  Options options = kKinds[0];
  EXPECT_NE(why(options, {}).find("at least one line"), std::string::npos);
  EXPECT_NE(why(options, {"", "  ", "\t\n"}).find("at least one line"), std::string::npos);
  EXPECT_NE(why(options, {"good", "bad \xff"}).find("line 2"), std::string::npos);
  EXPECT_NE(why(options, {std::string("nul\0", 4)}).find("NUL"), std::string::npos);
  EXPECT_NE(why(options, {std::string(2 << 20, 'a')}).find("line 1"), std::string::npos);
  for (const auto type : {SentencePieceModelType::unigram, SentencePieceModelType::bpe}) {
    for (const bool byte_fallback : {true, false}) {
      options.model_type = type;
      options.byte_fallback = byte_fallback;
      options.vocab_size = 5000;
      const std::string too_large = why(options, test::captions(50));
      EXPECT_NE(too_large.find("Please set it to a value <="), std::string::npos) << too_large;
      options.vocab_size = byte_fallback ? 260 : 10;
      EXPECT_NE(why(options, test::captions(50)), "") << "too small for its characters";
    }
  }
}

TEST(TrainSentencePiece, OneShortLineIsEnoughForBytes) {
  Options options{.vocab_size = 260};
  options.model_type = SentencePieceModelType::bpe;
  const SentencePieceTokenizer tokenizer = train(options, {"ab"});
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("hello \xE2\x82\xAC")), "hello \xE2\x82\xAC");
}

TEST(TrainSentencePiece, WritesAtomically) {
  const test::TempFolder folder;
  const std::vector<std::string> lines = test::captions(500);
  train_sentencepiece(kKinds[0], lines, folder / "tokenizer.model");
  EXPECT_EQ(test::get_file(folder / "tokenizer.model"), train_sentencepiece(kKinds[0], lines));
  EXPECT_EQ(test::files_in(folder.path()), 1u);
  EXPECT_THROW(train_sentencepiece(kKinds[0], lines, folder / "missing/tokenizer.model"),
               weights::IoError);
}

}  // namespace
}  // namespace lacuna::text
