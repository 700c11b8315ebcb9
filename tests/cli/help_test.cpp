#include <sstream>

#include "tests/cli/cli_fixture.h"
#include "tools/lacuna/help_text.h"
#include "tools/lacuna/verb.h"

namespace lacuna::test {
namespace {

class Help : public Cli {};

TEST_F(Help, EveryVerbExplainsItselfWithAnExample) {
  for (const tools::Verb& verb : tools::verbs()) {
    if (verb.declare == nullptr) continue;  // another program's help
    const auto result = run({std::string(verb.name), "--help"});
    EXPECT_EQ(result.code, 0) << verb.name;
    EXPECT_TRUE(result.out.starts_with("usage: lacuna " + std::string(verb.name))) << result.out;
    EXPECT_NE(result.out.find("\nExample:\n  "), std::string::npos) << verb.name;
    EXPECT_EQ(result.err, "") << verb.name;
    EXPECT_EQ(result.out, run({"help", std::string(verb.name)}).out);
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 130u) << line;
  }
}

TEST_F(Help, OverviewNamesEveryVerb) {
  const auto result = run({"help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, run({"--help"}).out);
  for (const tools::Verb& verb : tools::verbs()) {
    EXPECT_NE(result.out.find("\n  " + std::string(verb.name) + " "), std::string::npos)
        << verb.name;
  }
}

TEST_F(Help, ExitCodesAreDocumented) {
  const auto result = run({"help", "exit-codes"});
  EXPECT_EQ(result.code, 0);
  for (const char* code : {" 0 ", " 1 ", " 2 ", "64", "65", "66", "69", "74", "75", "130", "143"}) {
    EXPECT_NE(result.out.find(code), std::string::npos) << code;
  }
}

TEST_F(Help, UnknownTopic) { expect_failure(run({"help", "cooking"}), 2, "cooking"); }

TEST_F(Help, AllOptionsAreListedOnce) {
  const auto result = run({"help", "--all-options"});
  EXPECT_EQ(result.code, 0);
  EXPECT_NE(result.out.find("generate --steps,--diffusion-steps\n"), std::string::npos);
  std::istringstream lines(result.out);
  std::vector<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(std::count(seen.begin(), seen.end(), line), 0) << line;
    seen.push_back(line);
  }
}

TEST_F(Help, VersionAndDevices) {
  EXPECT_TRUE(run({"version"}).out.starts_with("lacuna "));
  EXPECT_EQ(run({"--version"}).out, run({"version"}).out);
  const auto devices = run({"devices"});
  EXPECT_EQ(devices.code, 0);
  EXPECT_NE(devices.out.find("\n  reference "), std::string::npos) << devices.out;
  EXPECT_EQ(run({"generate", "--list-devices"}).code, 0);
  EXPECT_NE(run({"devices", "--json"}).out.find("\"instruction_sets\""), std::string::npos);
}

TEST_F(Help, CompletionScriptsKnowVerbsAndOptions) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto result = run({"completion", shell});
    EXPECT_EQ(result.code, 0) << shell;
    EXPECT_NE(result.out.find("tokenizer-train"), std::string::npos) << shell;
    EXPECT_NE(result.out.find("cfg-scale"), std::string::npos) << shell;
  }
  expect_failure(run({"completion", "csh"}), 2, "csh");
  expect_failure(run({"completion"}), 2, "bash");
}

}  // namespace
}  // namespace lacuna::test
