#include "runtime/weights/json.h"
#include "tests/cli/cli_fixture.h"

namespace lacuna::test {
namespace {

class Config : public Cli {
 protected:
  std::int64_t steps_with(const std::string& config, std::vector<std::string> flags = {},
                          std::vector<std::string> environment = {}) const {
    put_file(file("config.toml"), config);
    environment.push_back("LACUNA_CONFIG=" + file("config.toml"));
    flags.insert(flags.begin(), {"caption", put_picture("a.png", {8, 8}), "--json"});
    const auto result = sample(flags, {.environment = environment});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.code == 0 ? weights::Json::parse(result.out).at("steps").as_integer() : -1;
  }
};

TEST_F(Config, ASectionBeatsTheTopOfTheFile) {
  EXPECT_EQ(steps_with("steps = 3\n"), 3);
  EXPECT_EQ(steps_with("steps = 3\n[caption]\nsteps = 4\n[generate]\nsteps = 5\n"), 4);
}

TEST_F(Config, EnvironmentAndFlagsBeatTheFile) {
  EXPECT_EQ(steps_with("steps = 3\n", {}, {"LACUNA_STEPS=6"}), 6);
  EXPECT_EQ(steps_with("steps = 3\n", {"--steps", "7"}, {"LACUNA_STEPS=6"}), 7);
}

TEST_F(Config, IsFoundInTheHomeFolder) {
  std::filesystem::create_directories(file("home/.config/lacuna"));
  put_file(file("home/.config/lacuna/config.toml"), "steps = 5\n");
  const auto result = sample({"caption", put_picture("a.png", {8, 8}), "--json"},
                             {.environment = {"HOME=" + file("home")}});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(weights::Json::parse(result.out).at("steps").as_integer(), 5);
}

TEST_F(Config, UnknownKeysSectionsAndFilesAreErrors) {
  const RunOptions options{.environment = {"LACUNA_CONFIG=" + file("config.toml")}};
  expect_failure(run({"version"}, options), 66, "config.toml");
  put_file(file("config.toml"), "stepps = 3\n");
  expect_failure(run({"version"}, options), 64, "stepps");
  put_file(file("config.toml"), "[paint]\nsteps = 3\n");
  expect_failure(run({"version"}, options), 64, "paint");
  put_file(file("config.toml"), "[devices]\nsteps = 3\n");
  expect_failure(run({"version"}, options), 64, "steps");
  put_file(file("config.toml"), "[generate]\nsteps = [1, 2]\n");
  expect_failure(run({"version"}, options), 64, "takes one value, not 2");
  put_file(file("config.toml"), "[caption]\nsteps = many\n");
  expect_failure(sample({"caption", put_picture("a.png", {8, 8})}, options), 64, "many");
}

}  // namespace
}  // namespace lacuna::test
