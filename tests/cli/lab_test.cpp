#include <fstream>
#include <iterator>

#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

using weights::Json;

class Lab : public Cli {};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Lab, PrecisionGivesAssertionsATableAndAPlot) {
  const auto result = run({"lab", "precision", "--quick", "--samples", "80", "--states", "24", "--length", "24", "--bits",
                           "10", "--json", "-o", folder_.path().string()});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json.at("experiment").as_string(), "precision");
  EXPECT_GE(json.at("assertions").as_object().size(), 4u);
  for (const auto& member : json.at("assertions").as_object()) EXPECT_TRUE(member.value.as_boolean()) << member.key;
  EXPECT_EQ(json.at("settings").at("bits").as_number(), 10);
  EXPECT_TRUE(content(file("precision.csv")).starts_with("sampler,steps,perplexity"));
  EXPECT_NE(content(file("precision.svg")).find("</svg>"), std::string::npos);
}

TEST_F(Lab, ControlKeepsItsConstraintsOnTheChain) {
  const auto result = run({"lab", "control", "--quick", "--samples", "40", "--no-model", "--json"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json json = Json::parse(result.out);
  for (const auto& member : json.at("assertions").as_object()) EXPECT_TRUE(member.value.as_boolean()) << member.key;
}

TEST_F(Lab, TheSameSeedGivesTheSameFigures) {
  const auto rows = [&](const char* seed) {
    const auto result = run({"lab", "control", "--quick", "--samples", "20", "--no-model", "--json", "--seed", seed});
    return result.out.empty() ? std::string() : Json::parse(result.out).at("rows").dump();
  };
  EXPECT_EQ(rows("3"), rows("3"));
  EXPECT_NE(rows("3"), rows("4"));
}

TEST_F(Lab, Mistakes) {
  expect_failure(run({"lab"}), 2, "precision, order, control");
  expect_failure(run({"lab", "luck"}), 2, "precision, order, control");
  expect_failure(run({"lab", "precision", "order"}), 2, "one experiment");
  expect_failure(run({"lab", "precision", "--bits", "60"}), 64, "--bits");
  expect_failure(run({"lab", "precision", "--samples", "3"}), 64, "--samples");
  expect_failure(run({"lab", "precision", "--states", "1"}), 64, "--states");
  expect_failure(run({"lab", "order", "--length", "21", "--quick"}), 64, "eights");
  expect_failure(run({"lab", "precision", "-o", file("nowhere")}), 66, "nowhere");
  expect_failure(run({"lab", "precision", "--seed", "-3"}), 64, "--seed");
  expect_failure(run({"lab", "precision", "--judge", "somewhere"}), 2, "--text-model");
  expect_failure(run({"lab", "time", "--text", file("nowhere.txt")}), 66, "nowhere.txt");
  expect_failure(run({"lab", "relatives", "--train-steps", "3"}), 64, "--train-steps");
}

TEST_F(Lab, SamplersOfEveryVerbRefuseWhatTheyDoNotHave) {
  const std::string picture = put_picture("a.png", {16, 16});
  expect_failure(sample({"caption", picture, "--sampler", "best"}), 64, "remdm-loop");
  expect_failure(sample({"caption", picture, "--sampler", "halton", "--randomness", "2"}), 64, "block");
  expect_failure(sample({"caption", picture, "--sampler", "threshold", "--sampler-option", "eta=1"}), 64, "threshold");
  expect_failure(sample({"caption", picture, "--sampler", "threshold", "--sampler-option", "threshold=2"}), 64, "from 0 to 1");
  expect_failure(sample({"caption", picture, "--sampler-option", "eta"}), 64, "NAME=VALUE");
  expect_failure(sample({"caption", picture, "--block-length", "4", "--steps", "2"}), 64, "blocks");
  expect_failure(sample({"caption", picture, "--block-length", "-4"}), 64, "--block-length");
}

TEST_F(Lab, CaptionsKeepConstraints) {
  const std::string picture = put_picture("a.png", {16, 16});
  const auto required = sample({"caption", picture, "--require", "goat", "--seed", "1"});
  ASSERT_EQ(required.code, 0) << required.err;
  EXPECT_NE(required.out.find("goat"), std::string::npos);
  const auto banned = sample({"caption", picture, "--ban", "e", "--temp", "1", "--seed", "1"});
  ASSERT_EQ(banned.code, 0) << banned.err;
  EXPECT_EQ(banned.out.find('e'), std::string::npos) << banned.out;
  EXPECT_EQ(sample({"caption", picture, "--length", "3", "--seed", "1"}).code, 0);
  expect_failure(sample({"caption", picture, "--require", "goat", "--ban", "goat"}), 64, "not banned");
  expect_failure(sample({"caption", picture, "--require", "3d emoji: goat", "--length", "1"}), 64, "gap");
  expect_failure(sample({"caption", picture, "--length", "0"}), 64, "--length");
  expect_failure(sample({"caption", picture, "--length", "99"}), 64, "length");
  expect_failure(sample({"caption", picture, "--ban", " "}), 64, "--ban");
}

}  // namespace
}  // namespace lacuna::test
