#include "text/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include "runtime/weights/checkpoint_error.h"
#include "tests/support/fixtures.h"
#include "tests/text/bpe_fixture.h"
#include "tests/text/text_fixture.h"
#include "tests/weights/gguf_bytes.h"
#include "tests/weights/temp_folder.h"
#include "text/tokenizer_factory.h"
#include "text/tokenizer_json.h"

namespace lacuna::text {
namespace {

using test::GgufBytes;

/// What llama.cpp's converter writes for a tokenizer.
GgufBytes converted(const ByteLevelBpeDefinition& d, std::size_t size, const std::string& pre) {
  std::vector<std::string> tokens(size), merges;
  std::vector<std::int32_t> types(size, 5);
  for (std::size_t i = 0; i < size; ++i) tokens[i] = "[PAD" + std::to_string(i) + "]";
  for (const auto& [piece, id] : d.pieces) tokens[std::size_t(id)] = piece, types[std::size_t(id)] = 1;
  for (const AddedToken& token : d.added) {
    tokens[std::size_t(token.id)] = token.content;
    types[std::size_t(token.id)] = token.special ? 3 : 4;
  }
  for (const auto& [left, right] : d.merges) merges.push_back(left + " " + right);
  GgufBytes file;
  file.value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", pre);
  file.value("tokenizer.ggml.tokens", tokens).value("tokenizer.ggml.token_type", types);
  file.value("tokenizer.ggml.merges", merges);
  return file;
}

TEST(GgufTokenizer, EncodesAsTheTokenizerJsonThatItCameFrom) {
  const auto path = testing_support::fixtures_named("tokenizer.json").front();
  const auto original = open_tokenizer_json(path);
  const auto definition = parse_tokenizer_json(test::get_file(path), path);
  const test::TempFolder folder;
  test::put_file(folder / "m.gguf", converted(definition, std::size_t(original.size()) + 7, "llada").bytes());
  const auto opened = open_tokenizer(folder / "m.gguf");
  EXPECT_EQ(opened->size(), original.size());
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const std::string text = test::random_text(random, 30) + "<|eot_id|>" + test::random_text(random, 30);
    EXPECT_EQ(opened->encode(text), original.encode(text));
    EXPECT_EQ(opened->encode_with_specials(text), original.encode_with_specials(text));
  }
  EXPECT_EQ(opened->special_id("<|mdm_mask|>"), original.special_id("<|mdm_mask|>"));
}

TEST(GgufTokenizer, DigitsGoInThreesForLlamaAlone) {
  const auto d = test::small_definition({{"1", "2"}, {"12", "3"}});
  const test::TempFolder folder;
  for (const auto& [pre, ids] : {std::pair("llama-bpe", 1u), {"qwen2", 3u}, {"dream", 3u}, {"gpt-2", 1u}}) {
    test::put_file(folder / "m.gguf", converted(d, 258, pre).bytes());
    EXPECT_EQ(open_tokenizer(folder / "m.gguf")->encode("123").size(), ids) << pre;
  }
}

TEST(GgufTokenizer, WhatIsWrongIsNamed) {
  const test::TempFolder folder;
  const auto why = [&](const GgufBytes& file) {
    test::put_file(folder / "m.gguf", file.bytes());
    return test::message_of<weights::CheckpointError>([&] { open_tokenizer(folder / "m.gguf"); });
  };
  const auto d = test::small_definition({{"a", "b"}});
  EXPECT_EQ(why(converted(d, 257, "llada")), "");
  EXPECT_NE(why(converted(d, 257, "viking")).find("tokenizer.ggml.pre"), std::string::npos);
  EXPECT_NE(why(GgufBytes()).find("tokenizer.ggml.model"), std::string::npos);
  EXPECT_NE(why(GgufBytes().value("tokenizer.ggml.model", "llama")).find("gpt2"), std::string::npos);
  const auto base = [] { return GgufBytes().value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", "llada"); };
  using Texts = std::vector<std::string>;
  using Types = std::vector<std::int32_t>;
  const auto with = [&](const Texts& tokens, const Types& types, const Texts& merges) {
    return base().value("tokenizer.ggml.tokens", tokens).value("tokenizer.ggml.token_type", types)
        .value("tokenizer.ggml.merges", merges);
  };
  EXPECT_NE(why(with({"a", "b"}, {1}, {})).find("2 tokens and 1 types"), std::string::npos);
  EXPECT_NE(why(with({"a"}, {9}, {})).find("tokens[0]"), std::string::npos);
  EXPECT_NE(why(with({"a", "\xff"}, {1, 1}, {})).find("tokens[1]"), std::string::npos);
  EXPECT_NE(why(with({"a", "a"}, {1, 1}, {})).find("twice"), std::string::npos);
  EXPECT_NE(why(with({""}, {3}, {})).find("tokens[0]"), std::string::npos);
  EXPECT_NE(why(with({"a", "b"}, {1, 1}, {"a b"})).find("\"ab\""), std::string::npos);
  EXPECT_NE(why(with({"a", "b"}, {1, 1}, {"ab"})).find("merges[0]"), std::string::npos);
  EXPECT_NE(why(base().value("tokenizer.ggml.tokens", Texts{"a"}).value("tokenizer.ggml.token_type", Types{1}))
                .find("tokenizer.ggml.merges"),
            std::string::npos);
  Texts many;
  for (int i = 0; i < 600; ++i) many.push_back("p" + std::to_string(i));
  EXPECT_NE(why(with(many, Types(600, 1), {})).find("merges"), std::string::npos);
}

}  // namespace
}  // namespace lacuna::text
