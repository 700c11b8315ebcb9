#include "tools/fullsize/synthetic_tokenizer.h"

#include <gtest/gtest.h>

#include "text/tokenizer_json.h"

namespace lacuna::fullsize {
namespace {

TEST(SyntheticTokenizer, HasTheSizeAndTheSpecialTokensOfTheReleasedOne) {
  const auto tokenizer = text::make_tokenizer(text::parse_tokenizer_json(synthetic_tokenizer(), "t.json"), "t.json");
  EXPECT_EQ(tokenizer.size(), 126349);
  EXPECT_EQ(tokenizer.special_id("<|startoftext|>"), 126080);
  EXPECT_EQ(tokenizer.special_id("<|reserved_token_0|>"), 126084);
  EXPECT_EQ(tokenizer.special_id("<|mdm_mask|>"), 126336);
  EXPECT_EQ(tokenizer.special_id("<|reserved_token_255|>"), 126339);
  EXPECT_EQ(tokenizer.special_id("<|eot_id|>"), 126348);
  const std::string text = "a red fox, 12 \xC3\xA4rgert sich in the snow\n";
  const auto ids = tokenizer.encode(text);
  EXPECT_LT(ids.size(), text.size());
  EXPECT_EQ(tokenizer.decode(ids), text);
}

TEST(SyntheticTokenizer, LuminasHasTheIdsOfItsCode) {
  const auto tokenizer =
      text::make_tokenizer(text::parse_tokenizer_json(synthetic_tokenizer(Words::lumina), "t.json"), "t.json");
  EXPECT_EQ(tokenizer.size(), 126356);
  EXPECT_EQ(tokenizer.special_id("<end-of-line>"), 126084);
  EXPECT_EQ(tokenizer.special_id("<|mdm_mask|>"), 126336);
  EXPECT_EQ(tokenizer.special_id("<IMAGE>"), 126349);
  EXPECT_EQ(tokenizer.special_id("<uncondition>"), 126351);
  EXPECT_EQ(tokenizer.special_id("</answer>"), 126355);
}

}  // namespace
}  // namespace lacuna::fullsize
