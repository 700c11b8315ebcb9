#include "fusion/training/checkpoint_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace {

namespace fs = std::filesystem;

class CheckpointFolderTest : public testing::Test {
 protected:
  CheckpointFolderTest() { fs::remove_all(root_); }
  ~CheckpointFolderTest() override { fs::remove_all(root_); }
  /// Two files that a whole checkpoint has, both holding the step.
  static void write(const CheckpointFolder& folder, std::int64_t step, std::int64_t keep) {
    const fs::path target = folder.begin(step);
    weights::write_file_atomic(target / "a", std::string(20000, 'x') + std::to_string(step));
    weights::write_file_atomic(target / "b", std::string(20000, 'y') + std::to_string(step));
    folder.commit(step, keep);
  }
  static bool is_whole(const fs::path& folder) {
    const std::string step = folder.filename().string().substr(5);
    for (const char* name : {"a", "b"}) {
      if (!fs::exists(folder / name)) return false;
      if (!weights::read_regular_file(folder / name, 1 << 20).ends_with(step)) return false;
    }
    return true;
  }
  fs::path root_ = fs::temp_directory_path() / (std::string("lacuna_checkpoints_") +
                                                testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(CheckpointFolderTest, KeepsTheNewestAndPointsAtTheLast) {
  const CheckpointFolder folder(root_);
  EXPECT_FALSE(folder.latest());
  for (const std::int64_t step : {1, 2, 3, 10}) write(folder, step, 2);
  EXPECT_EQ(folder.steps(), (std::vector<std::int64_t>{3, 10}));
  EXPECT_EQ(folder.latest(), root_ / "step-10");
  write(folder, 10, 2);  // again
  EXPECT_EQ(folder.steps(), (std::vector<std::int64_t>{3, 10}));
  write(folder, 5, 1);  // a run that went back
  EXPECT_EQ(folder.latest(), root_ / "step-5");
}

TEST_F(CheckpointFolderTest, FindsOneWithoutThePointer) {
  const CheckpointFolder folder(root_);
  write(folder, 4, 3);
  write(folder, 8, 3);
  fs::remove(root_ / "latest");
  EXPECT_EQ(folder.latest(), root_ / "step-8");
  std::ofstream(root_ / "latest") << "../../etc";
  EXPECT_EQ(folder.latest(), root_ / "step-8");
  std::ofstream(root_ / "latest") << "step-7\n";
  EXPECT_EQ(folder.latest(), root_ / "step-8");
}

TEST_F(CheckpointFolderTest, LeftoversOfAnInterruptedWriteAreRemoved) {
  const CheckpointFolder folder(root_);
  write(folder, 1, 2);
  std::ofstream(folder.begin(2) / "a") << "half";
  EXPECT_EQ(folder.steps(), std::vector<std::int64_t>{1});
  EXPECT_EQ(folder.latest(), root_ / "step-1");
  write(folder, 3, 2);
  EXPECT_FALSE(fs::exists(root_ / "step-2.tmp"));
}

TEST_F(CheckpointFolderTest, SurvivesKillAtAnyMoment) {
  const CheckpointFolder folder(root_);
  const auto began = std::chrono::steady_clock::now();
  write(folder, 1, 2);
  const double each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count();
  constexpr int kRounds = 24;
  for (int round = 0; round < kRounds; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const std::int64_t before = folder.steps().back();
    const pid_t child = ::fork();
    if (child == 0) {
      [[maybe_unused]] auto told = ::write(ready[1], "r", 1);
      for (std::int64_t step = before + 1;; ++step) {
        write(folder, step, 2);
        told = ::write(ready[1], "w", 1);
      }
    }
    // After the start, or after a whole write; then at any moment of the next, however slow the disk is.
    for (int i = 0; i <= round % 2; ++i) {
      char c;
      ASSERT_EQ(::read(ready[0], &c, 1), 1);
    }
    ::usleep(useconds_t(each * 2 * (round + 0.5) / kRounds));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    const auto latest = folder.latest();
    ASSERT_TRUE(latest);
    EXPECT_TRUE(is_whole(*latest)) << *latest;
    for (const std::int64_t step : folder.steps()) {
      EXPECT_TRUE(is_whole(root_ / ("step-" + std::to_string(step)))) << step;
    }
  }
  EXPECT_GT(folder.steps().back(), kRounds / 2);
}

}  // namespace
}  // namespace lacuna::training
