#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

using weights::Json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

class Caption : public Cli {};

TEST_F(Caption, OneLineForOnePicture) {
  const auto result = sample({"caption", put_picture("a.png", {20, 31})});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(lines_of(result.out).size(), 1u);
  EXPECT_EQ(result.err, "");
}

TEST_F(Caption, PicturesOfAnySizeAndFormat) {
  const auto result =
      sample({"caption", put_picture("a.png", {1, 1}), put_picture("b.jpg", {7, 300}),
              put_picture("c.bmp", {90, 33}), put_picture("d.png", {16, 16}, 4)});
  EXPECT_EQ(result.code, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_TRUE(lines[1].starts_with(file("b.jpg") + "\t"));
}

TEST_F(Caption, AlphaIsComposedOnWhite) {
  vision::Image8 picture = sample_picture({16, 16}, 4);
  vision::write_image(file("alpha.png"), picture);
  vision::write_image(file("white.png"), vision::on_white(picture));
  EXPECT_EQ(sample({"caption", file("alpha.png")}).out, sample({"caption", file("white.png")}).out);
}

TEST_F(Caption, JsonHasTheDocumentedKeys) {
  const auto result = sample({"caption", put_picture("a.png", {16, 16}), "--json", "--seed", "5"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("file").as_string(), file("a.png"));
  EXPECT_TRUE(json.at("caption").is_string());
  EXPECT_TRUE(json.at("tokens").is_array());
  EXPECT_EQ(json.at("seed").as_integer(), 5);
  EXPECT_GE(json.at("steps").as_integer(), 1);
  EXPECT_LE(json.at("log_prob").as_number(), 0.0);
  EXPECT_GT(json.at("seconds").as_number(), 0.0);
}

TEST_F(Caption, StartsWithThePrompt) {
  const auto result = sample({"caption", put_picture("a.png", {16, 16}), "--prompt", "3d emoji:"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("3d emoji:")) << result.out;
}

TEST_F(Caption, ReadsPicturesFromStdin) {
  put_picture("a.png", {16, 16});
  const auto result = sample({"caption", "-"}, {.input = get_file(file("a.png"))});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, sample({"caption", file("a.png")}).out);
}

TEST_F(Caption, VisualShowsOneLineAStepOnStderr) {
  const auto result =
      sample({"caption", put_picture("a.png", {16, 16}), "--visual", "--steps", "4"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto lines = lines_of(result.err);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_LE(lines.size(), 4u);
  EXPECT_NE(lines[0].find("1/4"), std::string::npos) << result.err;
  EXPECT_NE(lines[0].find("\xE2\x96\x91"), std::string::npos)
      << "masked positions are light blocks";
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos) << "no escapes in a pipe";
  EXPECT_EQ(lines.back().find("\xE2\x96\x91"), std::string::npos) << "nothing is masked at the end";
}

TEST_F(Caption, NBestListsDifferentTextsTheBestFirst) {
  const auto result =
      sample({"caption", put_picture("a.png", {16, 16}), "--n-best", "6", "--seed", "1", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json json = Json::parse(result.out);
  const auto& candidates = json.at("candidates").as_array();
  ASSERT_GE(candidates.size(), 2u) << "a random model at temperature 1 says different things";
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    EXPECT_LE(candidates[i].at("log_prob").as_number(),
              candidates[i - 1].at("log_prob").as_number());
    EXPECT_NE(candidates[i].at("caption"), candidates[i - 1].at("caption"));
  }
  EXPECT_EQ(json.at("caption"), candidates[0].at("caption"));
}

TEST_F(Caption, GoesOnAfterABadPictureAndReportsIt) {
  put_file(file("bad.png"), "not a picture");
  const auto result = sample(
      {"caption", put_picture("a.png", {16, 16}), file("bad.png"), put_picture("b.png", {9, 9})});
  expect_failure(result, 65, "bad.png");
  EXPECT_EQ(lines_of(result.out).size(), 2u);
}

TEST_F(Caption, TheSameForAnyNumberOfThreads) {
  const std::string picture = put_picture("a.png", {40, 40});
  const auto one = sample({"caption", picture, "--temp", "1", "--seed", "3", "-t", "1", "-q"});
  const auto two = sample({"caption", picture, "--temp", "1", "--seed", "3", "-t", "2", "-q"});
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.out, two.out);
}

}  // namespace
}  // namespace lacuna::test
