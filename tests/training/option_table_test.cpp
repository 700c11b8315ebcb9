#include "fusion/training/option_table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lacuna::training {
namespace {

struct Settings {
  double rate = 0.1;
  std::int64_t steps = 5;
  bool ema = true;
  std::string mode = "a";
  std::string folder;
  OptionTable table;

  Settings() {
    table.section("run");
    table.add("learning-rate", rate, {0, 1}, "speed");
    table.add("max-steps", steps, {1, 10}, "how many");
    table.section("other");
    table.add("use-ema", ema, "average");
    table.add("mode", mode, "which", {"a", "b"});
    table.add("output-dir", folder, "where");
  }
  void flags(std::vector<std::string> arguments) { table.apply_flags(arguments); }
  std::string error_of(std::vector<std::string> arguments) {
    try {
      flags(std::move(arguments));
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  }
};

TEST(OptionTable, FlagsInAllForms) {
  Settings s;
  s.flags({"--learning-rate", "1e-3", "--max-steps=7", "--no-use-ema", "--set", "other.mode=b", "--output_dir", "x y"});
  EXPECT_EQ(s.rate, 1e-3);
  EXPECT_EQ(s.steps, 7);
  EXPECT_FALSE(s.ema);
  EXPECT_EQ(s.mode, "b");
  EXPECT_EQ(s.folder, "x y");
  s.flags({"--use-ema", "--set", "max_steps=3"});
  EXPECT_TRUE(s.ema);
  EXPECT_EQ(s.steps, 3);
}

TEST(OptionTable, ErrorsNameTheFlagAndTheRange) {
  Settings s;
  EXPECT_NE(s.error_of({"--learning-rate", "2"}).find("--learning-rate: expected a number in [0, 1], got \"2\""), std::string::npos);
  EXPECT_NE(s.error_of({"--learning-rate", "nan"}).find("learning-rate"), std::string::npos);
  EXPECT_NE(s.error_of({"--max-steps", "1.5"}).find("expected an integer"), std::string::npos);
  EXPECT_NE(s.error_of({"--max-steps"}).find("expected a value"), std::string::npos);
  EXPECT_NE(s.error_of({"--mode", "c"}).find("one of a|b"), std::string::npos);
  EXPECT_NE(s.error_of({"--use-ema=maybe"}).find("true or false"), std::string::npos);
  EXPECT_NE(s.error_of({"--nothing", "1"}).find("unknown flag --nothing"), std::string::npos);
  EXPECT_NE(s.error_of({"--no-mode"}).find("unknown flag"), std::string::npos);
  EXPECT_NE(s.error_of({"stray"}).find("stray"), std::string::npos);
  EXPECT_NE(s.error_of({"--set", "run.mode=a"}).find("unknown setting"), std::string::npos);
  EXPECT_NE(s.error_of({"--set", "mode"}).find("name=value"), std::string::npos);
}

TEST(OptionTable, FilesAndFlagsInTheirOrder) {
  const auto file = std::filesystem::temp_directory_path() / "lacuna_option_table_test.toml";
  std::ofstream(file) << "[run]\nlearning-rate = 0.5\nmax-steps = 9\n";
  Settings s;
  s.flags({"--max-steps", "2", "--config", file.string(), "--learning-rate", "0.25"});
  EXPECT_EQ(s.steps, 9);
  EXPECT_EQ(s.rate, 0.25);
  std::filesystem::remove(file);
}

TEST(OptionTable, UnknownNamesAndKindsInAFileAreErrors) {
  const auto error_of = [](const std::string& text) -> std::string {
    Settings s;
    try {
      s.table.apply_toml(text, "c.toml");
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of("[run]\nmax-steps = 3\n"), "");
  EXPECT_EQ(error_of("\n[run]\nmax-stepz = 3\n").find("c.toml:3: unknown setting \"max-stepz\" in [run]"), 0U);
  EXPECT_EQ(error_of("[other]\nmax-steps = 3\n").find("c.toml:2: unknown"), 0U);
  EXPECT_NE(error_of("mode = 3\n").find("expected a string in quotes"), std::string::npos);
  EXPECT_NE(error_of("use-ema = 1\n").find("true or false"), std::string::npos);
  EXPECT_NE(error_of("max-steps = \"3\"\n").find("expected a number"), std::string::npos);
  EXPECT_NE(error_of("max-steps = 11\n").find("[1, 10]"), std::string::npos);
}

TEST(OptionTable, TheRecordOfTheSettingsReadsBack) {
  Settings s, other;
  s.flags({"--learning-rate", "0.123456789012345", "--no-use-ema", "--mode", "b", "--output-dir", "a \"b\""});
  other.table.apply_toml(s.table.to_toml(), "record");
  EXPECT_EQ(other.rate, s.rate);
  EXPECT_EQ(other.ema, s.ema);
  EXPECT_EQ(other.mode, s.mode);
  EXPECT_EQ(other.folder, s.folder);
  EXPECT_EQ(other.table.to_toml(), s.table.to_toml());
}

TEST(OptionTable, HelpListsEverySettingWithDefaultAndRange) {
  const std::string help = Settings().table.help();
  for (const char* part : {"--learning-rate N", "[0, 1] (default: 0.1)", "--use-ema | --no-use-ema", "--mode a|b", "[run]", "[other]"}) {
    EXPECT_NE(help.find(part), std::string::npos) << part << "\n" << help;
  }
}

}  // namespace
}  // namespace lacuna::training
