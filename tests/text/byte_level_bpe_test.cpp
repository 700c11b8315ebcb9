#include "text/byte_level_bpe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <chrono>
#include <random>

#include "runtime/weights/utf8.h"
#include "tests/support/fixtures.h"
#include "tests/text/bpe_fixture.h"
#include "tests/text/text_fixture.h"
#include "text/split_pattern.h"
#include "text/tokenizer_json.h"

namespace lacuna::text {
namespace {

ByteLevelBpeTokenizer released_kind() {
  return open_tokenizer_json(testing_support::fixtures_named("tokenizer.json").front());
}

TEST(ByteAlphabet, EveryByteHasOneCharacterAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, char(byte));
    EXPECT_EQ(bytes_of(spelt(one)), one);
    EXPECT_EQ(weights::find_invalid_utf8(spelt(one)), std::string::npos);
    all += one;
  }
  EXPECT_EQ(bytes_of(spelt(all)), all);
  EXPECT_EQ(spelt(" \n"), "\u0120\u010A");
  EXPECT_EQ(bytes_of("a b"), std::nullopt);
  EXPECT_EQ(bytes_of("\u4f60"), std::nullopt);
}

TEST(LossyUtf8, LeavesTextAloneAndReplacesTheRest) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = test::random_text(random, 12);
    EXPECT_EQ(lossy_utf8(text), text);
    std::string broken = text;
    for (char& c : broken) {
      if (random() % 4 == 0) c = char(random());
    }
    const std::string repaired = lossy_utf8(broken);
    EXPECT_EQ(weights::find_invalid_utf8(repaired), std::string::npos);
    EXPECT_EQ(lossy_utf8(repaired), repaired);
    // Cut anywhere: one sign for what is left of a character.
    if (text.empty()) continue;
    const std::size_t at = random() % text.size();
    const bool inside = (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    const std::string head = lossy_utf8(text.substr(0, at));
    EXPECT_EQ(head.ends_with("\uFFFD") && !text.substr(0, at).ends_with("\uFFFD"), inside);
  }
}

TEST(ByteLevelBpe, DecodeUndoesEncode) {
  const auto tokenizer = released_kind();
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = test::random_text(random, 30);
    const std::string normal = normalised(text, UnicodeForm::nfc);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), normal) << text;
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(normal)), normal);
    std::string joined;
    for (const std::string& piece : tokenizer.pre_tokens(text, SpecialTokens::as_text)) joined += piece;
    EXPECT_EQ(joined, normal);
  }
}

/// The definition, one merge after another over the whole word.
std::vector<std::string> merged_plainly(const std::string& word, const std::vector<MergeRule>& rules) {
  std::vector<std::string> parts;
  for (const char c : word) parts.push_back(spelt(std::string(1, c)));
  while (true) {
    std::size_t best = rules.size(), where = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      for (std::size_t r = 0; r < best; ++r) {
        if (rules[r] == MergeRule{parts[i], parts[i + 1]}) best = r, where = i;
      }
    }
    if (best == rules.size()) return parts;
    parts[where] += parts[where + 1];
    parts.erase(parts.begin() + std::ptrdiff_t(where) + 1);
  }
}

TEST(BpeModel, MergesInTheOrderOfTheRules) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> known = {"a", "b", "c"};
    std::vector<MergeRule> rules;
    while (rules.size() < 12) {
      const MergeRule rule{known[random() % known.size()], known[random() % known.size()]};
      if (std::ranges::find(known, rule.first + rule.second) != known.end()) continue;
      rules.push_back(rule);
      known.push_back(rule.first + rule.second);
    }
    const auto definition = test::small_definition(rules);
    const BpeModel model(definition.pieces, definition.merges);
    for (int i = 0; i < 20; ++i) {
      std::string word;
      for (auto n = random() % 20; n > 0; --n) word += char('a' + random() % 3);
      std::vector<std::int32_t> ids, expected;
      model.encode(word, std::nullopt, ids);
      for (const std::string& part : merged_plainly(word, rules)) expected.push_back(*model.find(part));
      EXPECT_EQ(ids, expected) << word;
    }
  }
}

TEST(BpeModel, ALongWordTakesNoQuadraticTime) {
  std::vector<MergeRule> rules;
  for (std::string a = "a"; a.size() < 64; a += a) rules.emplace_back(a, a);
  const auto definition = test::small_definition(rules);
  const BpeModel model(definition.pieces, definition.merges);
  std::vector<std::int32_t> ids;
  model.encode(std::string(1 << 20, 'a'), std::nullopt, ids);  // minutes if it were
  EXPECT_EQ(ids.size(), (1u << 20) / 64);
}

TEST(BpeModel, RefusesRulesWithoutPieces) {
  auto d = test::small_definition({{"a", "b"}});
  d.merges.emplace_back("ab", "zz");
  EXPECT_THROW(BpeModel(d.pieces, d.merges), std::invalid_argument);
  d.merges.back() = {"a", "c"};
  EXPECT_THROW(BpeModel(d.pieces, d.merges), std::invalid_argument);
  d.merges.pop_back();
  d.pieces.emplace_back("ab", 300);
  EXPECT_THROW(BpeModel(d.pieces, d.merges), std::invalid_argument);
  d.pieces.back() = {"xy", 3};
  EXPECT_THROW(BpeModel(d.pieces, d.merges), std::invalid_argument);
  d.pieces.back() = {"xy", -1};
  EXPECT_THROW(BpeModel(d.pieces, d.merges), std::invalid_argument);
}

TEST(ByteLevelBpe, SpecialTokensAreTextUnlessAskedFor) {
  auto d = test::small_definition({});
  d.added = {{256, "<|mask|>", true, false, false, false, false}, {257, "<tool>", false, false, false, false, false}};
  const ByteLevelBpeTokenizer tokenizer(std::move(d));
  const std::string text = "a<|mask|>b<tool>c";
  EXPECT_EQ(tokenizer.encode_with_specials(text), (std::vector<std::int32_t>{'a', 256, 'b', 257, 'c'}));
  const auto plain = tokenizer.encode(text);
  EXPECT_EQ(std::ranges::count(plain, 256), 0);
  EXPECT_EQ(std::ranges::count(plain, 257), 1);
  EXPECT_EQ(tokenizer.decode(plain), text);
  EXPECT_EQ(tokenizer.special_id("<|mask|>"), 256);
  EXPECT_EQ(tokenizer.special_id("<tool>"), std::nullopt);
  const std::int32_t ids[] = {'a', 256, 257};
  EXPECT_EQ(tokenizer.decode_without_specials(ids), "a<tool>");
  EXPECT_EQ(tokenizer.size(), 258);
  EXPECT_EQ(tokenizer.piece(256), "<|mask|>");
  const std::int32_t outside[] = {258};
  EXPECT_THROW(tokenizer.decode(outside), std::invalid_argument);
  EXPECT_THROW(tokenizer.encode("\xff"), std::invalid_argument);
}

TEST(AddedTokens, LongestLeftmostAndItsFlags) {
  const auto texts = [](const AddedTokens& tokens, std::string_view text) {
    std::vector<std::string> list;
    for (const auto& part : tokens.split(text, SpecialTokens::parse)) {
      list.push_back(std::string(part.text) + (part.id ? "#" + std::to_string(*part.id) : ""));
    }
    return list;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(texts(AddedTokens({{1, "<a>"}, {2, "<a><b>"}}), "x<a><a><b>"), (List{"x", "<a>#1", "<a><b>#2"}));
  EXPECT_EQ(texts(AddedTokens({{1, "end", false, false, true, false, false}}), "bend end. \u00e9end end"),
            (List{"bend ", "end#1", ". \u00e9end ", "end#1"}));
  EXPECT_EQ(texts(AddedTokens({{1, "<m>", true, false, false, true, false}}), "a \u3000<m> b"),
            (List{"a", " \u3000<m>#1", " b"}));
  EXPECT_EQ(texts(AddedTokens({{1, "<m>", true, false, false, false, true}}), "a <m> \n<m>b"),
            (List{"a ", "<m> \n#1", "<m>#1", "b"}));
  EXPECT_THROW(AddedTokens({{1, ""}}), std::invalid_argument);
  EXPECT_THROW(AddedTokens({{1, "a"}, {2, "a"}}), std::invalid_argument);
}

TEST(ByteLevelBpe, NormalisedTokensAreFoundInNormalisedText) {
  auto d = test::small_definition({});
  d.form = UnicodeForm::nfc;
  d.added = {{256, "cafe\u0301", false, true, false, false, false}};
  const ByteLevelBpeTokenizer tokenizer(std::move(d));
  EXPECT_EQ(tokenizer.encode("caf\u00e9"), std::vector<std::int32_t>{256});
  EXPECT_EQ(tokenizer.encode("cafe\u0301"), std::vector<std::int32_t>{256});
}

TEST(ByteLevelBpe, WholeWordsPrefixesAndUnknowns) {
  auto d = test::small_definition({{"a", "b"}});
  d.pieces.emplace_back("abc", 900);
  EXPECT_EQ(ByteLevelBpeTokenizer(d).encode("abc"), (std::vector<std::int32_t>{256, 'c'}));
  d.whole_words = ByteLevelBpeDefinition::WholeWords::looked_up;
  EXPECT_EQ(ByteLevelBpeTokenizer(d).encode("abc"), std::vector<std::int32_t>{900});
  d.steps = {{SplitStep::Prefix::space, ""}};
  EXPECT_EQ(ByteLevelBpeTokenizer(d).encode("c"), (std::vector<std::int32_t>{' ', 'c'}));
  EXPECT_EQ(ByteLevelBpeTokenizer(d).encode(" c"), (std::vector<std::int32_t>{' ', 'c'}));
  d.steps.clear();
  std::erase_if(d.pieces, [](const Piece& p) { return p.first == "z"; });
  EXPECT_EQ(ByteLevelBpeTokenizer(d).encode("czc"), (std::vector<std::int32_t>{'c', 'c'}));
  d.unknown = "abc";
  EXPECT_EQ(ByteLevelBpeTokenizer(d).encode("czc"), (std::vector<std::int32_t>{'c', 900, 'c'}));
  d.unknown = "nowhere";
  EXPECT_THROW(ByteLevelBpeTokenizer{d}, std::invalid_argument);
}

TEST(SplitPattern, PiecesAreTheText) {
  std::mt19937 random(11);
  for (const char* expression : {R"(\s+|\p{L}+)", R"([^\s\p{L}]*)", R"((?=a)|b)", R"(\S+(?!\S))", "x?"}) {
    const SplitPattern pattern(expression);
    for (int i = 0; i < 300; ++i) {
      const std::string text = test::random_text(random, 20);
      std::string joined;
      for (const std::string_view piece : pattern.split(text)) {
        EXPECT_FALSE(piece.empty());
        EXPECT_EQ(weights::find_invalid_utf8(piece), std::string::npos);
        joined += piece;
      }
      EXPECT_EQ(joined, text);
    }
  }
}

TEST(SplitPattern, SpacesAreUnicodes) {
  const SplitPattern spaces(R"(\s+)"), in_class(R"([\s]+)"), others(R"(\S+)");
  for (const char* text : {"a\u0085b", "a\u00a0b", "a\u2028b", "a\u3000b", "a \tb"}) {
    EXPECT_EQ(spaces.split(text).size(), 3u) << text;
    EXPECT_EQ(in_class.split(text).size(), 3u) << text;
    EXPECT_EQ(others.split(text).size(), 3u) << text;
  }
  for (const char* text : {"a\u180eb", "a\u200bb", "a\ufeffb"}) EXPECT_EQ(spaces.split(text).size(), 1u) << text;
}

TEST(SplitPattern, RefusesWhatItCannotDo) {
  for (const char* bad : {"(", "[", "a{3,1}", R"(\p{Nonsense})", R"(\h)", R"([\S])", R"([a[b]])", R"([a&&b])", "\\"}) {
    EXPECT_THROW(SplitPattern{bad}, std::invalid_argument) << bad;
  }
  EXPECT_THROW(SplitPattern(std::string(5000, 'a')), std::invalid_argument);
  // Exponential for a backtracking matcher: an error in bounded time, no endless loop.
  EXPECT_THROW(SplitPattern("(a|a|a|a)*[bc]").split(std::string(60, 'a')), std::runtime_error);
  EXPECT_EQ(SplitPattern(SplitPattern::quoted("a.b\n*")).split("xa.b\n*y").size(), 3u);
}

}  // namespace
}  // namespace lacuna::text
