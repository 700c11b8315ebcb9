// What the original tokenizers make of texts. Cases are found by file name, see tests/support/fixtures.h.
#include <gtest/gtest.h>

#include "runtime/weights/json_file.h"
#include "tests/support/fixtures.h"
#include "text/chat_template.h"
#include "text/tokenizer_factory.h"
#include "text/tokenizer_json.h"

namespace lacuna::text {
namespace {

using testing_support::fixtures_named;
using weights::Json;

Json read(const std::filesystem::path& path) { return weights::read_json_file(path); }

std::vector<std::int32_t> ids_of(const Json& list) {
  std::vector<std::int32_t> ids;
  for (const Json& id : list.as_array()) ids.push_back(std::int32_t(id.as_integer()));
  return ids;
}

std::vector<std::string> strings_of(const Json& list) {
  std::vector<std::string> strings;
  for (const Json& s : list.as_array()) strings.push_back(s.as_string());
  return strings;
}

TEST(TokenizerFixtures, BytePairsEncodeAsTheOriginal) {
  int cases = 0;
  for (const auto& file : fixtures_named("encode_vectors.json")) {
    const auto tokenizer = open_tokenizer_json(file.parent_path() / "tokenizer.json");
    const Json vectors = read(file);
    for (const Json& c : vectors.at("cases").as_array()) {
      const std::string& text = c.at("text").as_string();
      SCOPED_TRACE(file.string() + ": " + Json(text).dump());
      EXPECT_EQ(tokenizer.pre_tokens(text, SpecialTokens::parse), strings_of(c.at("pre_tokens")));
      const auto ids = tokenizer.encode_with_specials(text);
      EXPECT_EQ(ids, ids_of(c.at("ids")));
      EXPECT_EQ(tokenizer.decode(ids), c.at("decoded").as_string());
      EXPECT_EQ(tokenizer.decode_without_specials(ids), c.at("decoded_skip_special").as_string());
      ++cases;
    }
  }
  EXPECT_GT(cases, 0);
}

TEST(TokenizerFixtures, BytePairsDecodeAsTheOriginal) {
  int cases = 0;
  for (const auto& file : fixtures_named("decode_vectors.json")) {
    const auto tokenizer = open_tokenizer_json(file.parent_path() / "tokenizer.json");
    const Json vectors = read(file);
    for (const Json& c : vectors.at("cases").as_array()) {
      SCOPED_TRACE(file.string() + ": " + c.dump());
      EXPECT_EQ(tokenizer.decode(ids_of(c.at("ids"))), c.at("text").as_string());
      EXPECT_EQ(tokenizer.decode_without_specials(ids_of(c.at("ids"))), c.at("text_skip_special").as_string());
      ++cases;
    }
  }
  EXPECT_GT(cases, 0);
}

TEST(TokenizerFixtures, ConversationsAreLaidOutAsTheOriginal) {
  int cases = 0;
  for (const auto& file : fixtures_named("chat_vectors.json")) {
    const auto tokenizer = open_tokenizer_json(file.parent_path() / "tokenizer.json");
    const Json vectors = read(file);
    for (const Json& c : vectors.at("cases").as_array()) {
      std::vector<ChatMessage> messages;
      for (const Json& m : c.at("messages").as_array()) {
        messages.push_back({m.at("role").as_string(), m.at("content").as_string()});
      }
      for (const auto& [chat, key] : {std::pair(ChatTemplate::llada, "two_newlines"), {ChatTemplate::mmada, "one_newline"}}) {
        SCOPED_TRACE(file.string() + ": " + c.at("messages").dump());
        const std::string& rendered = c.at(std::string("rendered_") + key).as_string();
        EXPECT_EQ(render_chat(chat, messages), rendered);
        const auto ids = ids_of(c.at(std::string("ids_") + key));
        EXPECT_EQ(encode_chat(chat, messages, tokenizer), ids);
        EXPECT_EQ(tokenizer.encode_with_specials(rendered), ids);
      }
      ++cases;
    }
  }
  EXPECT_GT(cases, 0);
}

TEST(TokenizerFixtures, SentencePieceIsAsTheOriginal) {
  int cases = 0;
  for (const auto& file : fixtures_named(".vectors.json")) {
    const Json vectors = read(file);
    const auto tokenizer = open_tokenizer(file.parent_path() / vectors.at("model").as_string());
    for (const Json& c : vectors.at("cases").as_array()) {
      SCOPED_TRACE(file.string() + ": " + c.dump());
      const auto ids = tokenizer->encode(c.at("text").as_string());
      EXPECT_EQ(ids, ids_of(c.at("ids")));
      EXPECT_EQ(tokenizer->decode(ids), c.at("decoded").as_string());
      const auto pieces = strings_of(c.at("pieces"));
      ASSERT_EQ(pieces.size(), ids.size());
      for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(tokenizer->piece(ids[i]), pieces[i]);
      ++cases;
    }
  }
  EXPECT_GT(cases, 0);
}

}  // namespace
}  // namespace lacuna::text
