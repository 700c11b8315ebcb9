#include "runtime/generation/pipeline.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "runtime/cpu/reference_executor.h"
#include "runtime/generation/masked_text.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/io_error.h"
#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::generation {
namespace {

namespace fs = std::filesystem;
using fusion::Modality;
using vision::Image;

class PipelineTest : public ::testing::Test {
 protected:
  static const fs::path& folder() {
    static const test::TempFolder temp;
    static const fs::path path = [] {
      testing_support::write_tiny_model(temp / "tiny");
      return temp / "tiny";
    }();
    return path;
  }

  cpu::ReferenceExecutor executor_;
  Pipeline pipeline_{open_model(folder(), executor_)};

  static Image picture(vision::Size size, float phase = 0) {
    Image image(size);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        image.at(y, x, 0) = float(x) / float(size.width);
        image.at(y, x, 1) = float(y) / float(size.height);
        image.at(y, x, 2) = phase;
      }
    }
    return image;
  }
  static JobOptions seeded(JobOptions options, std::uint64_t seed, int steps = 4) {
    options.seed = seed;
    options.steps = steps;
    return options;
  }
  std::vector<std::int32_t> words(std::string_view text) const {
    return encode_masked_text(*pipeline_.model().text, pipeline_.model().family->tokens(), text);
  }
};

TEST_F(PipelineTest, SizesFollowFromTheParts) {
  EXPECT_EQ(pipeline_.model().picture_size(), (vision::Size{16, 16}));
}

TEST_F(PipelineTest, APictureOfABatchIsTheSingleRunWithItsSeed) {
  const std::vector<std::string> prompts(3, "3d emoji: goat");
  const auto batch = pipeline_.generate(prompts, seeded(generate_defaults(), 40));
  ASSERT_TRUE(batch.has_value());
  for (std::size_t i = 0; i < 3; ++i) {
    const auto single =
        pipeline_.generate({prompts.data(), 1}, seeded(generate_defaults(), 40 + i));
    EXPECT_EQ((*batch)[i].codes, single->front().codes);
    EXPECT_EQ((*batch)[i].image, single->front().image);
    EXPECT_EQ((*batch)[i].seed, 40 + i);
  }
  EXPECT_NE((*batch)[0].codes, (*batch)[1].codes);
}

TEST_F(PipelineTest, CaptionsDoNotDependOnTheirNeighbours) {
  const std::vector<Image> pictures = {picture({20, 30}, 0.1f), picture({9, 9}, 0.9f),
                                       picture({300, 4}, 0.5f)};
  const auto together = pipeline_.caption(pictures, "", seeded(caption_defaults(), 1, 6));
  ASSERT_TRUE(together.has_value());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto alone =
        pipeline_.caption({&pictures[i], 1}, "", seeded(caption_defaults(), 1 + i, 6));
    EXPECT_EQ((*together)[i].tokens, alone->front().tokens);
    EXPECT_EQ((*together)[i].log_prob, alone->front().log_prob);
    EXPECT_LT((*together)[i].log_prob, 0.0);
  }
}

TEST_F(PipelineTest, CaptionsKeepTheirPrefixAndNoMask) {
  const Image input = picture({16, 16});
  const auto result = pipeline_.caption({&input, 1}, "line icon:", seeded(caption_defaults(), 1));
  const auto prefix = words("line icon:");
  const auto& tokens = result->front().tokens;
  EXPECT_EQ(tokens.size(), 16u);
  EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), tokens.begin()));
  for (const std::int32_t id : tokens)
    EXPECT_TRUE(pipeline_.model().family->tokens().text.contains(id));
}

TEST_F(PipelineTest, InfillKeepsWhatIsGiven) {
  const Image input = picture({16, 16}, 0.3f);
  vision::CodeMask repaint({4, 4});
  for (int y = 0; y < 4; ++y) repaint.at(y, 2) = repaint.at(y, 3) = 1;
  const auto text = words("a [MASK:2] on a red [MASK]");
  const auto before = pipeline_.encode({&input, 1}).front();
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const InfillRequest request{input, repaint, text, seed};
    const auto result = pipeline_.infill({&request, 1}, seeded(infill_defaults(), 99, 3))->front();
    for (int y = 0; y < 4; ++y) {
      EXPECT_EQ(result.codes.at(y, 0), before.at(y, 0));
      EXPECT_EQ(result.codes.at(y, 1), before.at(y, 1));
    }
    const std::int32_t mask = pipeline_.model().family->tokens().mask;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == mask) {
        EXPECT_NE(result.tokens[i], mask);
      } else {
        EXPECT_EQ(result.tokens[i], text[i]);
      }
    }
  }
}

TEST_F(PipelineTest, InfillOfNothingDrawsBoth) {
  const InfillRequest first{{}, {}, {}, 1}, second{{}, {}, {}, 2};
  const std::vector<InfillRequest> requests = {first, second};
  const auto results = pipeline_.infill(requests, seeded(infill_defaults(), 0));
  EXPECT_EQ(results->size(), 2u);
  EXPECT_NE((*results)[0].codes, (*results)[1].codes);
  EXPECT_EQ((*results)[0].image.size(), pipeline_.model().picture_size());
}

TEST_F(PipelineTest, RefusesAMaskOfAnotherSizeAndTextsThatAreTooLong) {
  const InfillRequest bad{picture({16, 16}), vision::CodeMask({4, 3}), {}, 1};
  EXPECT_THROW(pipeline_.infill({&bad, 1}, infill_defaults()), std::invalid_argument);
  const std::vector<std::string> prompts = {std::string(200, 'x')};
  EXPECT_THROW(pipeline_.generate(prompts, generate_defaults()), std::invalid_argument);
}

TEST_F(PipelineTest, TheCallbackSeesEveryStepAndCanStop) {
  const std::vector<std::string> prompts(2, "goat");
  int calls = 0, left = 1'000;
  const auto count = [&](const StepReport& report) {
    EXPECT_EQ(report.step, ++calls);
    EXPECT_EQ(report.steps, 5);
    EXPECT_LT(report.masked_left, left);
    left = report.masked_left;
    return Continue::yes;
  };
  EXPECT_TRUE(pipeline_.generate(prompts, seeded(generate_defaults(), 1, 5), count).has_value());
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(left, 0);
  const auto stop = [](const StepReport& report) {
    return report.step == 2 ? Continue::no : Continue::yes;
  };
  EXPECT_FALSE(pipeline_.generate(prompts, seeded(generate_defaults(), 1, 5), stop).has_value());
}

TEST_F(PipelineTest, PreviewsMarkWhatIsMasked) {
  const std::vector<std::string> prompts = {"goat"};
  const auto look = [&](const StepReport& report) {
    vision::CodeMask masked;
    const Image image = pipeline_.decode(report.canvases[0], masked);
    EXPECT_EQ(image.size(), (vision::Size{16, 16}));
    EXPECT_EQ(int(vision::count_set(masked)), report.masked_left);
    return Continue::yes;
  };
  pipeline_.generate(prompts, seeded(generate_defaults(), 1), look);
}

TEST(JobOptions, DefaultsAreValidAndBadOnesAreNot) {
  for (const JobOptions& options : {caption_defaults(), generate_defaults(), infill_defaults()}) {
    EXPECT_NO_THROW(options.validate());
  }
  const auto refused = [](auto change) {
    JobOptions options = generate_defaults();
    change(options);
    EXPECT_THROW(options.validate(), std::invalid_argument);
  };
  refused([](JobOptions& o) { o.steps = 0; });
  refused([](JobOptions& o) { o.sampler = "best"; });
  refused([](JobOptions& o) { o.randomness = -1; });
  refused([](JobOptions& o) { o.draws.image.temperature = -1; });
  refused([](JobOptions& o) { o.draws.text.top_p = 0; });
}

TEST(OpenModel, NamesThePartThatIsMissingOrDoesNotFit) {
  const test::TempFolder temp;
  const fs::path model = temp / "tiny";
  cpu::ReferenceExecutor executor;
  EXPECT_THROW(open_model(model, executor), weights::IoError);
  testing_support::write_tiny_model(model);
  testing_support::TinyModel other;
  other.codebook = 32;
  testing_support::write_tiny_model(temp / "other", other);
  fs::remove_all(model / "image_tokenizer");
  fs::copy(temp / "other" / "image_tokenizer", model / "image_tokenizer");
  const auto message =
      test::message_of<weights::CheckpointError>([&] { open_model(model, executor); });
  EXPECT_NE(message.find("codebook"), std::string::npos) << message;
}

}  // namespace
}  // namespace lacuna::generation
