#include "fusion/training/loss_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace lacuna::training {
namespace {

class LossLogTest : public testing::Test {
 protected:
  LossLogTest() { std::filesystem::create_directories(folder_); }
  ~LossLogTest() override { std::filesystem::remove_all(folder_); }
  std::string read(const char* name) const {
    std::ostringstream out;
    out << std::ifstream(folder_ / name).rdbuf();
    return out.str();
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  (std::string("lacuna_loss_log_") +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(LossLogTest, KeepsNumbersExactlyAndCutsWhatCameAfterTheCheckpoint) {
  {
    LossLog log(folder_ / "a.csv", -1);
    for (int step = 1; step <= 4; ++step) log.add(step, {{"loss", 1.0 / step}, {"rate", 1e-17 * step}});
  }
  const std::string whole = read("a.csv");
  std::ofstream(folder_ / "a.csv", std::ios::app) << "5,0.1";  // torn by a crash
  {
    LossLog log(folder_ / "a.csv", 2);
    EXPECT_EQ(log.columns(), (std::vector<std::string>{"loss", "rate"}));
    for (int step = 3; step <= 4; ++step) log.add(step, {{"loss", 1.0 / step}, {"rate", 1e-17 * step}});
  }
  EXPECT_EQ(read("a.csv"), whole);
  LossLog anew(folder_ / "a.csv", -1);
  anew.add(1, {{"x", 1}});
  EXPECT_EQ(read("a.csv"), "step,x\n1,1\n");
  EXPECT_THROW(anew.add(2, {{"x", 1}, {"y", 2}}), std::invalid_argument);
}

TEST_F(LossLogTest, DrawsACurve) {
  LossLog log(folder_ / "a.csv", -1);
  for (int step = 1; step <= 50; ++step) log.add(step, {{"loss", 5.0 / step}, {"psnr", -double(step)}});
  log.draw(folder_ / "a.svg", {"loss", "nothing"});
  log.draw(folder_ / "b.svg", {"loss", "psnr"});
  log.draw(folder_ / "c.svg", {"nothing"});
  const std::string one = read("a.svg"), two = read("b.svg");
  EXPECT_EQ(one.find("<svg"), 0U);
  EXPECT_NE(one.find("</svg>"), std::string::npos);
  const auto curves = [](const std::string& text) {
    int count = 0;
    for (auto at = text.find("<polyline"); at != std::string::npos; at = text.find("<polyline", at + 1)) ++count;
    return count;
  };
  EXPECT_EQ(curves(one), 1);
  EXPECT_EQ(curves(two), 2);
  EXPECT_EQ(two.find("nan"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "c.svg"));
}

}  // namespace
}  // namespace lacuna::training
