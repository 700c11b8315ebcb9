#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "fusion/training/shards/shard_set.h"
#include "runtime/preparation/prepare.h"
#include "tests/preparation/fixture.h"

namespace lacuna::preparation {
namespace {

namespace fs = std::filesystem;

const ByteTokenizer kText;

PrepareReport make(const fs::path& data, const fs::path& output,
                   const PrepareCallback& progress = {}) {
  PrepareOptions o;
  o.data = data;
  o.output = output;
  o.resolution = 96;  // 27 kB a picture: several shards
  o.text_length = 24;
  o.shard_size_mb = 1;
  o.threads = 2;
  o.mask_copies = 2;
  o.max_bad_fraction = 0.5;
  return prepare(o,
                 {.text = kText,
                  .text_sha256 = training::sha256_hex("bytes"),
                  .pictures = nullptr,
                  .pictures_sha256 = {}},
                 progress);
}

class Resume : public ::testing::Test {
 protected:
  Resume() {
    make_data(data_.path(), 120, 96);
    fs::remove(data_.path() / "color/44.png");  // bad pictures survive a restart too
  }
  Folder data_, whole_, pieces_;
};

TEST_F(Resume, StoppedAtEveryCallback) {
  const PrepareReport expected = make(data_.path(), whole_.path());
  ASSERT_GE(expected.shards, 4);
  ASSERT_EQ(expected.bad.size(), 1u);
  for (int calls = 1;; ++calls) {
    fs::remove_all(pieces_.path());
    int left = calls;
    const auto stop = [&](const PrepareProgress&) { return --left > 0; };
    const PrepareReport stopped = make(data_.path(), pieces_.path(), stop);
    if (!stopped.cancelled) break;
    EXPECT_FALSE(fs::exists(pieces_.path() / "shards.json"));
    const PrepareReport resumed = make(data_.path(), pieces_.path());
    EXPECT_EQ(hashes(pieces_.path()), hashes(whole_.path())) << "stopped at callback " << calls;
    EXPECT_EQ(resumed.records, expected.records);
    EXPECT_EQ(resumed.pictures, expected.pictures);
    EXPECT_EQ(resumed.split_counts, expected.split_counts);
    EXPECT_EQ(resumed.bad, expected.bad);
    ASSERT_LT(calls, 100);
  }
}

TEST_F(Resume, FinishedShardsAreNotMadeAgain) {
  int shards = 0;
  const auto stop = [&](const PrepareProgress& p) {
    shards = int(p.shards);
    return p.shards < 3;
  };
  ASSERT_TRUE(make(data_.path(), pieces_.path(), stop).cancelled);
  const auto first = pieces_.path() / "shard-00000.safetensors";
  const auto time = fs::last_write_time(first);
  std::int64_t start = -1;
  const auto watch = [&](const PrepareProgress& p) {
    if (start < 0) start = p.shards;
    return true;
  };
  const PrepareReport report = make(data_.path(), pieces_.path(), watch);
  EXPECT_EQ(start, 3);
  EXPECT_GT(report.continued_rows, 0);
  EXPECT_EQ(fs::last_write_time(first), time);
}

TEST_F(Resume, KilledAtRandomPoints) {
  // In children only, so that no thread is around when they are forked.
  const auto child = [&](const fs::path& output) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        make(data_.path(), output);
      } catch (...) {
        ::_exit(2);
      }
      ::_exit(0);
    }
    return pid;
  };
  int status = 0;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(::waitpid(child(whole_.path()), &status, 0) > 0 && WIFEXITED(status), true);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  const auto whole_time = std::chrono::steady_clock::now() - begin;

  std::mt19937 random(11);
  std::uniform_real_distribution<double> part(0.0, 0.6);
  int kills = 0;
  for (int run = 0; run < 3; ++run) {
    fs::remove_all(pieces_.path());
    for (int attempt = 0; attempt < 200; ++attempt) {
      const pid_t pid = child(pieces_.path());
      ASSERT_GT(pid, 0);
      std::this_thread::sleep_for(whole_time * part(random));
      // The last attempts are left to finish, however slow the machine is.
      if (attempt < 30) ::kill(pid, SIGKILL);
      ASSERT_GT(::waitpid(pid, &status, 0), 0);
      if (WIFEXITED(status)) {
        ASSERT_EQ(WEXITSTATUS(status), 0);
        break;
      }
      ++kills;
    }
    EXPECT_EQ(hashes(pieces_.path()), hashes(whole_.path()));
    EXPECT_NO_THROW(training::ShardSet::open(pieces_.path(), training::ShardCheck::hashes));
  }
  EXPECT_GT(kills, 0);
}

}  // namespace
}  // namespace lacuna::preparation
