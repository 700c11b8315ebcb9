#include "runtime/laboratory/text_training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "runtime/laboratory/relatives.h"
#include "runtime/laboratory/time_input.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::laboratory {
namespace {

namespace fs = std::filesystem;

class TextTrainingLab : public testing::Test {
 protected:
  TextTrainingLab() { fs::create_directories(folder_); }
  ~TextTrainingLab() override { fs::remove_all(folder_); }

  static std::string value_of(const std::vector<std::string>& arguments, const std::string& flag) {
    const auto found = std::ranges::find(arguments, flag);
    return found == arguments.end() ? "" : *(found + 1);
  }

  /// Leaves what lacuna-train leaves, with made-up figures: an objective's bits are `bits`, and every window differs.
  void leave(const std::vector<std::string>& arguments, double bits) {
    const fs::path output = value_of(arguments, "--output-dir");
    const std::string last = value_of(arguments, "--max-train-steps");
    fs::create_directories(output / "samples");
    std::ofstream(output / "validation.csv") << "step,val_bits,val_bits_error\n" << last << "," << bits << ",0.01\n";
    std::ofstream(output / "train.csv") << "step,loss,samples_per_second\n1,3,5\n2,3,100\n3,3,90\n";
    const std::string prefix = (output / "samples" / ("step-" + last)).string();
    std::ofstream windows(prefix + "-windows.csv");
    windows << "window,mdm-token,mdm-elbo\n";
    for (int i = 0; i < 40; ++i) {
      const double nats = bits * std::log(2.0) + 0.1 * std::sin(i);
      windows << i << "," << nats << "," << nats + 0.05 * std::cos(3 * i) << "\n";
    }
    const char* seconds = value_of(arguments, "--objective") == "multi-token" ? "1" : "2";
    std::ofstream(prefix + "-texts.json") << R"([{"calls": 32, "tokens": 1000, "unigram_entropy": 2.5, "gen_ppl": 7, "seconds": )"
                                          << seconds << R"(},
      {"calls": 8, "tokens": 1000, "seconds": 0.5, "unigram_entropy": 2.4, "gen_ppl": 9}])";
  }

  fs::path folder_ = fs::temp_directory_path() /
                     (std::string("lacuna_lab_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(TextTrainingLab, PlantedTextIsTheChain) {
  const ChainOptions options{5, 8, 1.5, 3};
  write_planted_text(options, 60'000, 1, folder_ / "a.txt");
  const std::string text = weights::read_regular_file(folder_ / "a.txt", 1 << 20);
  ASSERT_EQ(text.size(), 60'000U);
  const PlantedChain chain(options);
  double nats = 0;
  int windows = 0;
  for (std::size_t begin = 0; begin + 8 <= text.size(); begin += 8, ++windows) {
    std::vector<int> sequence;
    for (std::size_t i = begin; i < begin + 8; ++i) sequence.push_back(text[i] - 'a');
    nats += chain.negative_log_likelihood(sequence);
  }
  EXPECT_NEAR(nats / windows, chain.entropy(), 0.02 * chain.entropy());
}

TEST_F(TextTrainingLab, TimeComparesPairsOfRunsWindowByWindow) {
  TimeOptions options = TimeOptions::quick();
  options.training.folder = folder_;
  options.training.chain.states = 8;
  options.seeds = 2;
  std::vector<std::vector<std::string>> calls;
  const auto trainer = [&](const std::vector<std::string>& arguments) {
    calls.push_back(arguments);
    leave(arguments, std::ranges::find(arguments, "--time-input") == arguments.end() ? 3.00 : 2.99);
    return true;
  };
  const auto report = run_time(options, trainer);
  ASSERT_TRUE(report);
  EXPECT_EQ(calls.size(), 4U);
  EXPECT_EQ(value_of(calls[0], "--seed"), value_of(calls[1], "--seed"));
  EXPECT_NE(value_of(calls[0], "--seed"), value_of(calls[2], "--seed"));
  EXPECT_EQ(report->rows.size(), 4U);
  EXPECT_TRUE(report->all_hold());
  std::map<std::string, double> settings;
  for (const auto& [name, cell] : report->settings) settings[name] = cell.number;
  // The windows move together, so a difference that is the same in all of them is sure.
  EXPECT_NEAR(settings["time_gains_bits"], 0.01, 1e-4);
  EXPECT_LT(settings["time_gains_error"], 1e-4);
  EXPECT_FALSE(run_time(options, [](const auto&) { return false; }));
}

TEST_F(TextTrainingLab, RelativesShareTheBudget) {
  RelativesOptions options = RelativesOptions::quick();
  options.training.folder = folder_;
  options.training.chain.states = 8;
  const std::map<std::string, double> bits{{"ar", 2.9}, {"multi-token", 3.2}, {"any-order", 3.1}, {"mdm-token", 3.15},
                                            {"maskgit", 3.2}, {"d3pm-uniform", 3.4}};
  std::map<std::string, int> steps;
  const auto report = run_relatives(options, [&](const std::vector<std::string>& arguments) {
    const std::string objective = value_of(arguments, "--objective");
    steps[fs::path(value_of(arguments, "--output-dir")).filename()] = std::stoi(value_of(arguments, "--max-train-steps"));
    leave(arguments, bits.at(objective));
    return true;
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(steps.at("adapted-from") + steps.at("adapted"), options.training.steps);
  for (const auto& [name, n] : steps) {
    if (!name.starts_with("adapted")) EXPECT_EQ(n, options.training.steps) << name;
  }
  EXPECT_EQ(report->rows.size(), 14U);
  EXPECT_TRUE(report->all_hold());
  const std::string csv = to_csv(*report);
  EXPECT_NE(csv.find("adapted (AR, then masked)"), std::string::npos) << csv;
}

TEST_F(TextTrainingLab, RefusesWhatCannotBeTrained) {
  TextTrainingOptions options;
  options.chain.states = 40;
  EXPECT_THROW(options.validate(), std::invalid_argument);
  options = {};
  options.steps = 1;
  EXPECT_THROW(options.validate(), std::invalid_argument);
  EXPECT_ANY_THROW(read_text_run(folder_ / "nowhere", 5, 8));
}

}  // namespace
}  // namespace lacuna::laboratory
