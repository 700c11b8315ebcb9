#include "runtime/generation/text_constraints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "runtime/cpu/reference_executor.h"
#include "runtime/generation/masked_text.h"
#include "runtime/generation/pipeline.h"
#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::generation {
namespace {

class ConstraintsTest : public ::testing::Test {
 protected:
  ConstraintsTest() { testing_support::write_tiny_model(folder_ / "tiny"); }

  const Pipeline& pipeline() { return pipeline_ ? *pipeline_ : pipeline_.emplace(open_model(folder_ / "tiny", executor_)); }
  Caption caption(const TextConstraints& constraints, std::uint64_t seed, std::string_view prefix = "") {
    pipeline();
    JobOptions options = caption_defaults();
    options.steps = 5;
    options.seed = seed;
    options.draws.text.temperature = 1.0f;
    options.constraints = constraints;
    const vision::Image picture({16, 16});
    return pipeline_->caption({&picture, 1}, prefix, options)->front();
  }

  test::TempFolder folder_;
  cpu::ReferenceExecutor executor_;
  std::optional<Pipeline> pipeline_;
};

TEST_F(ConstraintsTest, RequiredWordsOccurSomewhere) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const std::string text = caption({{}, {"goat"}, 0}, seed).text;
    EXPECT_NE(text.find("goat"), std::string::npos) << text;
  }
  const std::string both = caption({{}, {"goat", "emoji"}, 0}, 3).text;
  EXPECT_NE(both.find("goat"), std::string::npos) << both;
  EXPECT_NE(both.find("emoji"), std::string::npos) << both;
}

TEST_F(ConstraintsTest, BannedWordsDoNotOccur) {
  const std::string free = caption({}, 1).text;
  ASSERT_GT(free.size(), 2u);
  // Single letters are pieces of every vocabulary: every text without them is drawn from the rest.
  for (const char* letter : {"e", "o", "a"}) {
    const std::string text = caption({{letter}, {}, 0}, 1).text;
    EXPECT_EQ(text.find(letter), std::string::npos) << text;
  }
}

TEST_F(ConstraintsTest, LengthsAreExact) {
  pipeline();
  const std::int32_t end = pipeline_->model().family->tokens().end_of_text;
  for (int length : {1, 3, 9, 16}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const auto tokens = caption({{}, {}, length}, seed).tokens;
      EXPECT_EQ(std::ranges::find(tokens, end) - tokens.begin(), length);
    }
  }
}

TEST_F(ConstraintsTest, AllAtOnceWithGivenWords) {
  const auto result = caption({{"z"}, {"goat"}, 12}, 2, "3d emoji:");
  EXPECT_TRUE(result.text.starts_with("3d emoji:")) << result.text;
  EXPECT_NE(result.text.find("goat"), std::string::npos) << result.text;
  EXPECT_EQ(result.text.find('z'), std::string::npos) << result.text;
}

TEST_F(ConstraintsTest, RefusesWhatCannotBe) {
  EXPECT_THROW(caption({{}, {std::string(200, 'q')}, 0}, 1), std::invalid_argument);  // longer than the gap
  EXPECT_THROW(caption({{}, {"goat"}, 1}, 1, "3d emoji: "), std::invalid_argument);   // no room in that length
  EXPECT_THROW(caption({{}, {}, 17}, 1), std::invalid_argument);
  EXPECT_THROW(caption({{"goat"}, {"goat"}, 0}, 1), std::invalid_argument);
  EXPECT_THROW(caption({{""}, {}, 0}, 1), std::invalid_argument);
  TextConstraints everything;
  pipeline();
  for (std::int32_t id = 0; id < pipeline_->model().text->size(); ++id) {
    if (!pipeline_->model().text->encode(pipeline_->model().text->piece(id)).empty()) {
      everything.banned.push_back(pipeline_->model().text->piece(id));
    }
  }
  EXPECT_THROW(caption(everything, 1), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::generation
