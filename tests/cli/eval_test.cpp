#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"
#include "tests/support/tiny_model.h"

namespace lacuna::test {
namespace {

using weights::Json;

class Eval : public Cli {
 protected:
  /// Captions of the pack are longer than what the tiny model holds.
  void SetUp() override { testing_support::write_tiny_model(file("model"), {.text_length = 96}); }
  RunResult eval(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "eval");
    arguments.insert(arguments.end(), {"--model", file("model")});
    return run(std::move(arguments));
  }

  const std::string pack_ = std::string(LACUNA_SOURCE_DIR) + "/models/glyphs/eval";
};

TEST_F(Eval, EverySuiteGivesOneObjectWithItsBaseline) {
  for (const char* suite : {"reconstruct", "caption", "roundtrip", "infill", "likelihood", "retrieval"}) {
    const auto result = eval(
        {"--suite", suite, "--split", "val_concept", "--limit", "2", "--data", pack_, "--json"});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json json = Json::parse(result.out);
    EXPECT_EQ(json.at("suite").as_string(), suite);
    EXPECT_EQ(json.at("split").as_string(), "val_concept");
    EXPECT_EQ(json.at("count").as_integer(), 2);
    EXPECT_TRUE(json.at("value").is_number());
    EXPECT_TRUE(json.at("baseline").is_number());
    EXPECT_LE(json.at("ci95").as_array().at(0).as_number(), json.at("value").as_number());
    EXPECT_GE(json.at("ci95").as_array().at(1).as_number(), json.at("value").as_number());
    EXPECT_GT(json.at("seconds").as_number(), 0.0);
  }
}

TEST_F(Eval, TheSameFiguresEveryTime) {
  const auto value = [&] {
    const auto result = eval({"--suite", "infill", "--limit", "2", "--data", pack_, "--json"});
    return result.code == 0 ? Json::parse(result.out).at("value").as_number() : -1.0;
  };
  EXPECT_EQ(value(), value());
}

TEST_F(Eval, Mistakes) {
  expect_failure(eval({}), 66, "--data");
  expect_failure(eval({"--data", file("nowhere")}), 66, "nowhere");
  expect_failure(eval({"--suite", "looks"}), 64, "roundtrip");
  expect_failure(eval({"--data", pack_, "--split", "test"}), 64, "--split");
  expect_failure(eval({"--data", pack_, "--limit", "-1"}), 64, "--limit");
}

}  // namespace
}  // namespace lacuna::test
