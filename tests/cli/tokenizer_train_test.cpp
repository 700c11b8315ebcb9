#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"
#include "tests/support/tiny_model.h"
#include "text/sentencepiece_tokenizer.h"

namespace lacuna::test {
namespace {

class TokenizerTrain : public Cli {
 protected:
  std::string captions() const {
    std::string text;
    for (const std::string& line : testing_support::tiny_captions()) text += line + "\n";
    put_file(file("captions.txt"), text);
    return file("captions.txt");
  }
};

TEST_F(TokenizerTrain, TrainsOnLines) {
  const auto result =
      run({"tokenizer-train", "--input", captions(), "--vocab-size", "296", "-o", file("t.model")});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, file("t.model") + "\n");
  const auto tokenizer = text::SentencePieceTokenizer::open(file("t.model"));
  EXPECT_EQ(tokenizer.size(), 296);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("3d emoji: goat")), "3d emoji: goat");
  EXPECT_EQ(get_file(file("t.model")), get_file(tiny_model() / "tokenizer.model"));
}

TEST_F(TokenizerTrain, TrainsOnACaptionTable) {
  std::string table = "file\tlabel\tstyle\n";
  for (const char* label :
       {"goat", "red apple", "house", "tree", "clock", "blue fish", "star", "cat"}) {
    for (const char* style : {"3d emoji", "line icon"}) {
      table += std::string(label) + style + ".png\t" + label + "\t" + style + "\n";
    }
  }
  put_file(file("captions.tsv"), table);
  const auto result = run({"tokenizer-train", "--input", file("captions.tsv"), "--vocab-size",
                           "290", "-o", file("t.model"), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(weights::Json::parse(result.out).at("vocab_size").as_integer(), 290);
}

TEST_F(TokenizerTrain, Mistakes) {
  expect_failure(run({"tokenizer-train"}), 2, "--input");
  expect_failure(run({"tokenizer-train", "--input", file("none.txt")}), 66, "none.txt");
  expect_failure(run({"tokenizer-train", "--input", captions(), "--vocab-size", "2"}), 64,
                 "--vocab-size");
  expect_failure(run({"tokenizer-train", "--input", captions(), "--vocab-size", "100000"}), 65,
                 "100000");
  expect_failure(run({"tokenizer-train", "--input", captions(), "--model-type", "word"}), 64,
                 "--model-type");
  put_file(file("bad.txt"), "a\n\xFF\n");
  expect_failure(run({"tokenizer-train", "--input", file("bad.txt")}), 65, "UTF-8");
  EXPECT_FALSE(std::filesystem::exists(file("tokenizer.model")));
}

}  // namespace
}  // namespace lacuna::test
