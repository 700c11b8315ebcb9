#include "text/tokenizer_json.h"

#include <gtest/gtest.h>

#include <fstream>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json.h"
#include "tests/text/bpe_fixture.h"
#include "tests/weights/temp_folder.h"
#include "text/tokenizer_factory.h"

namespace lacuna::text {
namespace {

using weights::Json;

Json good() {
  const auto d = test::small_definition({{"a", "b"}, {"ab", "c"}});
  Json vocabulary = Json::object(), merges = Json::array();
  for (const auto& [piece, id] : d.pieces) vocabulary.set(piece, id);
  for (const auto& [left, right] : d.merges) merges.push_back(left + " " + right);
  Json root = Json::object();
  root.set("version", "1.0");
  root.set("added_tokens", Json::array().push_back(Json::object().set("id", 258).set("content", "<|m|>").set("special", true)));
  root.set("normalizer", Json::object().set("type", "NFC"));
  root.set("pre_tokenizer", Json::object().set("type", "ByteLevel").set("add_prefix_space", false));
  root.set("decoder", Json::object().set("type", "ByteLevel"));
  root.set("model", Json::object().set("type", "BPE").set("vocab", vocabulary).set("merges", merges));
  return root;
}

/// The message of the refusal; empty when the file is taken.
std::string why(const Json& root) {
  try {
    make_tokenizer(parse_tokenizer_json(root.dump(), "t.json"), "t.json");
  } catch (const weights::CheckpointError& error) {
    return error.what();
  }
  return "";
}

Json with(const std::string& key, Json value) { return good().set(key, std::move(value)); }
Json with_model(const std::string& key, Json value) {
  Json root = good();
  Json model = root.at("model");
  return root.set("model", model.set(key, std::move(value)));
}

TEST(TokenizerJson, MergesMayBeStringsOrPairs) {
  EXPECT_EQ(why(good()), "");
  Json pairs = Json::array();
  for (const auto& [left, right] : {std::pair("a", "b"), {"ab", "c"}}) {
    pairs.push_back(Json::array().push_back(left).push_back(right));
  }
  const auto strings_tokenizer = make_tokenizer(parse_tokenizer_json(good().dump(), ""), "");
  const auto pairs_tokenizer = make_tokenizer(parse_tokenizer_json(with_model("merges", pairs).dump(), ""), "");
  EXPECT_EQ(strings_tokenizer.encode("abcab"), (std::vector<std::int32_t>{257, 256}));
  EXPECT_EQ(pairs_tokenizer.encode("abcab"), (std::vector<std::int32_t>{257, 256}));
  EXPECT_EQ(pairs_tokenizer.special_id("<|m|>"), 258);
}

TEST(TokenizerJson, WhatWouldChangeIdsIsRefusedByName) {
  const auto object = [](const char* type) { return Json::object().set("type", type); };
  const std::pair<Json, const char*> cases[] = {
      {Json(3), "an object"},
      {with("normalizer", object("Lowercase")), "\"normalizer\""},
      {with("normalizer", object("Sequence").set("normalizers", Json::array().push_back(object("NFC")).push_back(object("NFD")))), "\"normalizer\""},
      {with("pre_tokenizer", nullptr), "\"pre_tokenizer\""},
      {with("pre_tokenizer", object("Metaspace")), "Metaspace"},
      {with("pre_tokenizer", object("Split").set("behavior", "Removed")), "behavior"},
      {with("decoder", nullptr), "\"decoder\""},
      {with("decoder", object("WordPiece")), "\"decoder\""},
      {with("model", nullptr), "\"model\""},
      {with_model("type", "Unigram"), "model.type"},
      {with_model("byte_fallback", true), "byte_fallback"},
      {with_model("dropout", 0.1), "dropout"},
      {with_model("end_of_word_suffix", "</w>"), "end_of_word_suffix"},
      {with_model("vocab", Json::object()), "model.vocab"},
      {with_model("vocab", Json::object().set("a", -1)), "model.vocab"},
      {with_model("vocab", Json::object().set("a", 1 << 30)), "model.vocab"},
      {with_model("vocab", Json::object().set("a", 1.5)), "model.vocab"},
      {with_model("merges", nullptr), "model.merges"},
      {with_model("merges", Json::array().push_back("a")), "model.merges[0]"},
      {with_model("merges", Json::array().push_back("a b c")), "model.merges[0]"},
      {with_model("merges", Json::array().push_back("a zz")), "zz"},
      {with_model("merges", Json::array().push_back(Json::array().push_back("a"))), "model.merges[0]"},
      {with_model("unk_token", "<unk>"), "<unk>"},
      {with("added_tokens", Json::array().push_back(Json::object().set("id", 5).set("content", "x"))), "belongs to"},
      {with("added_tokens", Json::array().push_back(Json::object().set("id", 300))), "content"},
      {with("added_tokens", Json::object()), "added_tokens"},
  };
  for (const auto& [root, name] : cases) {
    const std::string message = why(root);
    EXPECT_NE(message.find(name), std::string::npos) << name << ": " << message;
    EXPECT_TRUE(message.starts_with("t.json: ")) << message;
  }
}

TEST(TokenizerJson, AVocabularyWithoutMergesIsRefused) {
  Json vocabulary = Json::object();
  for (int i = 0; i < 600; ++i) vocabulary.set("p" + std::to_string(i), i);
  Json root = with_model("vocab", vocabulary);
  Json model = root.at("model");
  root.set("model", model.set("merges", Json::array()));
  root.set("added_tokens", nullptr);
  EXPECT_NE(why(root).find("needs them"), std::string::npos);
}

TEST(VocabularyFiles, AreTheOlderFormOfTheSame) {
  const test::TempFolder folder;
  const Json root = good();
  test::put_file(folder / "vocab.json", root.at("model").at("vocab").dump());
  test::put_file(folder / "merges.txt", "#version: 0.2\na b\r\nab c\n\n");
  Json config = Json::object();
  config.set("tokenizer_class", "DreamTokenizer");
  config.set("added_tokens_decoder", Json::object().set("258", Json::object().set("content", "<|m|>").set("special", true)));
  test::put_file(folder / "tokenizer_config.json", config.dump());
  const auto tokenizer = open_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->encode("abcab"), (std::vector<std::int32_t>{257, 256}));
  EXPECT_EQ(tokenizer->special_id("<|m|>"), 258);
  const auto why_not = [&](const char* file, const std::string& content) {
    const std::string before = test::get_file(folder / file);
    test::put_file(folder / file, content);
    const std::string message = test::message_of<weights::CheckpointError>([&] { open_tokenizer(folder.path()); });
    test::put_file(folder / file, before);
    return message;
  };
  EXPECT_NE(why_not("vocab.json", "[]").find("vocab.json"), std::string::npos);
  EXPECT_NE(why_not("vocab.json", R"({"a": -1})").find("id in"), std::string::npos);
  EXPECT_NE(why_not("merges.txt", "a b c\n").find("line 1"), std::string::npos);
  EXPECT_NE(why_not("merges.txt", "a zz\n").find("zz"), std::string::npos);
  EXPECT_NE(why_not("tokenizer_config.json", "{}").find("tokenizer_class"), std::string::npos);
  EXPECT_NE(why_not("tokenizer_config.json", R"({"tokenizer_class": "LlamaTokenizer"})").find("LlamaTokenizer"), std::string::npos);
  EXPECT_NE(why_not("tokenizer_config.json", R"({"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": {"x": {}}})")
                .find("added_tokens_decoder"),
            std::string::npos);
}

TEST(TokenizerFactory, TakesEitherKind) {
  const test::TempFolder folder;
  EXPECT_THROW(open_tokenizer(folder.path()), weights::IoError);
  std::ofstream(folder / "tokenizer.json") << good().dump();
  EXPECT_EQ(open_tokenizer(folder.path())->encode("abc"), std::vector<std::int32_t>{257});
  EXPECT_EQ(open_tokenizer(folder / "tokenizer.json")->size(), 259);
  std::ofstream(folder / "tokenizer.json") << "{\"model\": ";
  EXPECT_THROW(open_tokenizer(folder.path()), weights::CheckpointError);
}

}  // namespace
}  // namespace lacuna::text
