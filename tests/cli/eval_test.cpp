#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"
#include "tests/support/tiny_model.h"
#include "text/tokenizer_factory.h"

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

TEST_F(Eval, GeneratedTextIsJudgedBySecondModels) {
  const auto pieces = text::open_tokenizer(file("model"));
  std::vector<std::string> table;
  for (std::int32_t id = 0; id < pieces->size(); ++id) table.push_back(pieces->piece(id));
  testing_support::write_tiny_text_model(file("judge"), {.length = 24, .autoregressive = true}, table, 0);
  const std::vector<std::string> captions{"--suite", "gen-ppl", "--limit", "2", "--data", pack_, "--steps", "4"};
  const auto captioned = [&](std::vector<std::string> more) {
    more.insert(more.end(), captions.begin(), captions.end());
    return eval(std::move(more));
  };
  const auto exact = captioned({"--judge", file("judge"), "--json"});
  ASSERT_EQ(exact.code, 0) << exact.err;
  const Json json = Json::parse(exact.out);
  EXPECT_EQ(json.at("measure").as_string(), "exact");
  EXPECT_EQ(json.at("handover").as_string(), "same pieces");
  EXPECT_GE(json.at("unigram_entropy").as_number(), 0);
  EXPECT_LE(json.at("ci95").as_array().at(0).as_number(), json.at("value").as_number());
  // In words: never one without the other.
  const auto bound = captioned({"--judge", file("model")});
  ASSERT_EQ(bound.code, 0) << bound.err;
  EXPECT_NE(bound.out.find("bound by the token-count form"), std::string::npos);
  EXPECT_NE(bound.out.find("unigram_entropy"), std::string::npos);

  testing_support::write_tiny_text_model(file("writer"), {.length = 10});
  testing_support::write_tiny_text_model(file("bytes"), {.length = 10, .autoregressive = true, .seed = 4});
  const auto written = run({"eval", "--suite", "gen-ppl", "-m", file("writer"), "--judge", file("bytes"), "--limit", "4",
                            "--length", "6", "--steps", "6", "--json"});
  ASSERT_EQ(written.code, 0) << written.err;
  EXPECT_EQ(Json::parse(written.out).at("tokens_a_text").as_number(), 6);
  EXPECT_EQ(Json::parse(written.out).at("count").as_integer(), 4);

  expect_failure(captioned({}), 2, "--judge");
  expect_failure(captioned({"--judge", file("nowhere")}), 66, "nowhere");
  expect_failure(captioned({"--judge", file("bytes")}), 64, "was never shown");
  expect_failure(eval({"--judge", file("judge")}), 2, "gen-ppl");
  expect_failure(run({"eval", "--suite", "gen-ppl", "-m", file("writer"), "--judge", file("bytes"), "--length", "11"}), 64, "10");
  expect_failure(run({"eval", "--suite", "gen-ppl", "-m", file("writer"), "--judge", file("bytes"), "--limit", "1"}), 64, "--limit");
  expect_failure(run({"eval", "--suite", "gen-ppl", "-m", file("bytes"), "--judge", file("bytes"), "--sampler", "random"}), 64,
                 "left-to-right");
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
