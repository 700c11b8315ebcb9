#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

using weights::Json;

class Generate : public Cli {
 protected:
  std::string draw(std::vector<std::string> arguments, const std::string& name) const {
    arguments.insert(arguments.begin(),
                     {"generate", "-p", "3d emoji: goat", "-o", file(name), "--steps", "4"});
    const auto result = sample(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, file(name) + "\n");
    return get_file(file(name));
  }
};

TEST_F(Generate, WritesAPictureAndNamesItOnStdout) {
  const auto result =
      sample({"generate", "-p", "3d emoji: goat", "-o", file("goat.png"), "--seed", "7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, file("goat.png") + "\n");
  EXPECT_NE(result.err.find("seed 7"), std::string::npos);
  EXPECT_EQ(vision::read_image(file("goat.png")).image.size(), (vision::Size{16, 16}));
}

TEST_F(Generate, ChoosesAndPrintsASeed) {
  const auto result = sample({"generate", "-p", "goat"});
  ASSERT_EQ(result.code, 0) << result.err;
  ASSERT_TRUE(result.err.starts_with("seed "));
  const std::string seed = result.err.substr(5, result.err.find('\n') - 5);
  EXPECT_EQ(result.out, "lacuna-" + seed + ".png\n");
}

TEST_F(Generate, TheSameSeedGivesTheSameBytesForAnyThreads) {
  const std::string one = draw({"--seed", "7", "-t", "1"}, "one.png");
  EXPECT_EQ(one, draw({"--seed", "7", "-t", "2"}, "two.png"));
  EXPECT_NE(one, draw({"--seed", "8", "-t", "1"}, "other.png"));
}

TEST_F(Generate, APictureOfABatchEqualsTheSingleRun) {
  const auto result = sample({"generate", "-p", "3d emoji: goat", "-o", file("b.png"), "--steps",
                              "4", "--seed", "20", "--batch-count", "10"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("seed 20 to 29"), std::string::npos);
  for (const int i : {0, 3, 9}) {
    EXPECT_EQ(get_file(file("b-" + std::to_string(i + 1) + ".png")),
              draw({"--seed", std::to_string(20 + i)}, "single.png"))
        << i;
  }
}

TEST_F(Generate, NumbersFilesByAPattern) {
  const auto result = sample(
      {"generate", "-p", "goat", "-o", file("x%03d.png"), "--steps", "2", "--batch-count", "2"});
  EXPECT_EQ(result.out, file("x001.png") + "\n" + file("x002.png") + "\n") << result.err;
}

TEST_F(Generate, SettingsInThePictureRepeatItByteForByte) {
  const std::string first =
      draw({"--seed", "11", "--cfg-scale", "2.5", "--temp", "0.7", "--top-k", "30", "--top-p",
            "0.9", "--remask", "halton", "--schedule", "polynomial"},
           "first.png");
  // What the environment says must not matter.
  const auto again = run({"generate", "-t", "1", "--from", file("first.png"), "-o",
                          file("again.png"), "--model", tiny_model().string()},
                         {.environment = {"LACUNA_STEPS=9", "LACUNA_TEMP=1"}});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(get_file(file("again.png")), first);
}

TEST_F(Generate, OptionsBesideFromChangeTheSettings) {
  draw({"--seed", "11"}, "first.png");
  const auto again = sample(
      {"generate", "-t", "1", "--from", file("first.png"), "-o", file("b.png"), "--seed", "12"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(get_file(file("b.png")), draw({"--seed", "12"}, "c.png"));
}

TEST_F(Generate, FindsTheModelOfAPictureByName) {
  draw({"--seed", "1"}, "first.png");
  const auto again =
      run({"generate", "-t", "1", "--from", file("first.png"), "-o", file("again.png")},
          {.environment = {"LACUNA_MODELS=" + tiny_model().parent_path().string()}});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(get_file(file("again.png")), get_file(file("first.png")));
}

TEST_F(Generate, RefusesToRepeatWithAnotherModel) {
  draw({"--seed", "1"}, "first.png");
  std::filesystem::copy(tiny_model(), file("tiny"), std::filesystem::copy_options::recursive);
  std::string config = get_file(file("tiny/config.json"));
  put_file(file("tiny/config.json"), config + "\n");
  const auto again = run({"generate", "-t", "1", "--from", file("first.png"), "-o",
                          file("again.png"), "-m", file("tiny")});
  expect_failure(again, 65, "sha256");
}

TEST_F(Generate, MetadataIsCompleteAndCanBeLeftOut) {
  draw({"--seed", "3"}, "a.png");
  const auto texts = vision::read_image_texts(file("a.png"));
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0].key, "parameters");
  EXPECT_TRUE(texts[0].value.starts_with("3d emoji: goat\nSteps: 4, Sampler: ")) << texts[0].value;
  EXPECT_NE(texts[0].value.find("Seed: 3, Size: 16x16"), std::string::npos) << texts[0].value;
  EXPECT_EQ(Json::parse(texts[1].value).at("prompt").as_string(), "3d emoji: goat");
  draw({"--seed", "3", "--disable-metadata"}, "b.png");
  EXPECT_TRUE(vision::read_image_texts(file("b.png")).empty());
  EXPECT_EQ(vision::read_image(file("a.png")).image, vision::read_image(file("b.png")).image);
}

TEST_F(Generate, StdoutGetsThePngAlone) {
  const auto result = sample({"generate", "-p", "goat", "-o", "-", "--seed", "2", "--steps", "2"});
  ASSERT_EQ(result.code, 0) << result.err;
  put_file(file("out.png"), result.out);
  EXPECT_EQ(vision::read_image(file("out.png")).image.width(), 16);
}

TEST_F(Generate, PromptsFromFilesAndStdin) {
  put_file(file("prompts.txt"), "goat\n\nred apple\n");
  auto result = sample({"generate", "--prompt-file", file("prompts.txt"), "-o", file("p.png"),
                        "--steps", "2", "-q"});
  EXPECT_EQ(result.out, file("p-1.png") + "\n" + file("p-2.png") + "\n") << result.err;
  result = sample(
      {"generate", "-p", "-", "-o", file("stdin.png"), "--steps", "2", "--seed", "1", "--json"},
      {.input = "red apple\n"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out).at("prompt").as_string(), "red apple");
}

TEST_F(Generate, PreviewShowsThePictureAsItStands) {
  draw({"--seed", "1", "--preview", file("preview.png")}, "a.png");
  const auto preview = vision::read_image(file("preview.png")).image;
  EXPECT_EQ(preview.size(), (vision::Size{256, 256}));
}

TEST_F(Generate, VisualNeedsChafa) {
  const auto result = run({"generate", "-p", "goat", "--visual", "-m", tiny_model().string()},
                          {.environment = {"PATH=/nonexistent"}});
  expect_failure(result, 69, "chafa");
}

TEST_F(Generate, ProgressAsJson) {
  const auto result = sample({"generate", "-p", "goat", "-o", file("a.png"), "--steps", "3",
                              "--progress=json", "--seed", "1"});
  ASSERT_EQ(result.code, 0) << result.err;
  const std::size_t line = result.err.find('{');
  ASSERT_NE(line, std::string::npos) << result.err;
  const Json json = Json::parse(result.err.substr(line, result.err.find('\n', line) - line));
  EXPECT_EQ(json.at("step").as_integer(), 1);
  EXPECT_EQ(json.at("steps").as_integer(), 3);
  EXPECT_TRUE(json.at("seconds_left").is_number());
}

TEST_F(Generate, DryRunSaysWhatIsNeeded) {
  const auto result = sample({"generate", "-p", "goat", "--dry-run"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("needs ")) << result.out;
  EXPECT_EQ(files_in(folder_.path()), 0u);
}

TEST_F(Generate, VerboseReportsMemory) {
  const auto result = sample({"generate", "-p", "goat", "-o", file("a.png"), "--steps", "2", "-v"});
  EXPECT_NE(result.err.find("memory: needs "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("peak memory "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("2 passes, "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(" TFLOP; the first began "), std::string::npos) << result.err;
}

TEST_F(Generate, ContactSheet) {
  const auto result = sample({"generate", "-p", "goat", "-o", file("a.png"), "--batch-count", "3",
                              "--steps", "2", "--contact-sheet", file("sheet.png")});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_GT(vision::read_image(file("sheet.png")).image.width(), 256);
}

}  // namespace
}  // namespace lacuna::test
