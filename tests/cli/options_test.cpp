#include "tools/lacuna/options.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tools/lacuna/failure.h"
#include "tools/lacuna/verb.h"

namespace lacuna::tools {
namespace {

struct Values {
  std::optional<std::int64_t> steps;
  double scale = 1.5;
  int verbose = 0;
  bool quiet = false;
  std::string text = "none";
  std::vector<std::string> inputs;
  std::vector<std::string> files;
  bool from = false;

  void parse(const std::vector<std::string>& arguments,
             const std::map<std::string, std::string>& environment = {},
             const std::vector<ConfigValue>& config = {}) {
    Options options;
    options.value("--steps,--diffusion-steps", "N", steps, "");
    options.value("--cfg-scale", "X", scale, "");
    options.count("-v,--verbose", verbose, "");
    options.flag("-q,--quiet", quiet, "");
    options.value("-p,--prompt", "TEXT", text, "");
    options.value("--input", "FILE", inputs, "");
    options.flag("--from", from, "").only_command_line();
    options.positional("FILE", files, "");
    options.parse(
        arguments,
        [&](const char* name) -> const char* {
          const auto at = environment.find(name);
          return at == environment.end() ? nullptr : at->second.c_str();
        },
        config);
  }
};

ExitCode code_of(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment = {}) {
  Values values;
  try {
    values.parse(arguments, environment);
  } catch (const Failure& failure) {
    return failure.code();
  }
  return kOk;
}

TEST(Options, CommandLineBeforeEnvironmentBeforeFile) {
  const std::map<std::string, std::string> environment = {{"LACUNA_STEPS", "2"},
                                                          {"LACUNA_CFG_SCALE", "4"}};
  const std::vector<ConfigValue> config = {
      {"", "steps", "3"}, {"", "cfg-scale", "5"}, {"", "prompt", "from file"}};
  Values values;
  values.parse({"--steps", "1"}, environment, config);
  EXPECT_EQ(values.steps, 1);
  EXPECT_EQ(values.scale, 4);
  EXPECT_EQ(values.text, "from file");
}

TEST(Options, AnOptionCanShutOutTheRest) {
  Values values;
  values.parse({"--from"}, {{"LACUNA_STEPS", "2"}}, {{"", "cfg-scale", "5"}});
  EXPECT_FALSE(values.steps.has_value());
  EXPECT_EQ(values.scale, 1.5);
}

TEST(Options, AliasesAndTheLastOneWins) {
  Values values;
  values.parse({"--diffusion-steps=8", "--steps", "9", "-vv", "-v"});
  EXPECT_EQ(values.steps, 9);
  EXPECT_EQ(values.verbose, 3);
}

TEST(Options, ValuesAreTakenAsTheyStand) {
  for (const std::string text :
       {"", "-", "-1", "--", "[MASK:4]", "[a,b]", "a,b", "\"q\"", "{}", " x ", "-p"}) {
    Values values;
    values.parse({"-p", text, "--input", text, "--input", "[1,2]"});
    EXPECT_EQ(values.text, text);
    EXPECT_EQ(values.inputs, (std::vector<std::string>{text, "[1,2]"}));
  }
}

TEST(Options, PositionalsKeepTheirOrder) {
  Values values;
  values.parse({"b.png", "--steps", "3", "-", "[x,y].png", "a.png"});
  EXPECT_EQ(values.files, (std::vector<std::string>{"b.png", "-", "[x,y].png", "a.png"}));
}

TEST(Options, FlagsFromTheEnvironment) {
  for (const char* yes : {"1", "true", "yes", "on"}) {
    Values values;
    values.parse({}, {{"LACUNA_QUIET", yes}});
    EXPECT_TRUE(values.quiet) << yes;
  }
  for (const char* no : {"0", "false", "no", "off", ""}) {
    Values values;
    values.parse({}, {{"LACUNA_QUIET", no}});
    EXPECT_FALSE(values.quiet) << no;
  }
  EXPECT_EQ(code_of({}, {{"LACUNA_QUIET", "maybe"}}), kBadValue);
}

TEST(Options, CodesOfMistakes) {
  EXPECT_EQ(code_of({"--steps", "1x"}), kBadValue);
  EXPECT_EQ(code_of({"--steps", ""}), kBadValue);
  EXPECT_EQ(code_of({"--cfg-scale", "nan"}), kBadValue);
  EXPECT_EQ(code_of({"--cfg-scale", "1e999"}), kBadValue);
  EXPECT_EQ(code_of({}, {{"LACUNA_STEPS", "x"}}), kBadValue);
  EXPECT_EQ(code_of({"--unknown"}), kUsage);
  EXPECT_EQ(code_of({"-z"}), kUsage);
  EXPECT_EQ(code_of({"--steps"}), kUsage);
}

TEST(Options, NumbersReadBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    const auto value = std::int64_t(random());
    EXPECT_EQ(parse_integer("--n", std::to_string(value)), value);
  }
  EXPECT_EQ(parse_number("--x", "+2.5e-3"), 2.5e-3);
}

TEST(Options, NamesOfAVerbDoNotClash) {
  for (const Verb& verb : verbs()) {
    if (verb.declare == nullptr) continue;
    Options options;
    const Action action = verb.declare(options);
    std::map<std::string, int> seen;
    for (const Option& option : options.all()) {
      EXPECT_FALSE(option.description.empty()) << verb.name << " " << option.main_name();
      for (const std::string& name : option.names) {
        EXPECT_EQ(++seen[name], 1) << verb.name << " " << name;
        EXPECT_NE(name, "--help");
        EXPECT_NE(name, "-h");
      }
    }
    EXPECT_FALSE(verb.summary.empty());
    EXPECT_FALSE(verb.example.empty());
  }
}

TEST(Options, VariablesFollowTheLongName) {
  Option option;
  option.names = {"-t", "--cfg-scale"};
  EXPECT_EQ(option.variable(), "LACUNA_CFG_SCALE");
}

}  // namespace
}  // namespace lacuna::tools
