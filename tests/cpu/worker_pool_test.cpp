#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {
namespace {

using namespace std::chrono_literals;

TEST(WorkerPool, EveryIndexOnceWhateverTheSizes) {
  for (const int threads : {1, 2, 3, 9}) {
    WorkerPool pool(threads);
    for (const std::int64_t count : {0, 1, 2, 3, 7, 257, 10'001}) {
      std::vector<int> calls(std::size_t(count), 0);
      parallel_for(pool, count, [&](std::int64_t i, int thread) {
        ++calls[std::size_t(i)];
        EXPECT_GE(thread, 0);
        EXPECT_LT(thread, threads);
      });
      EXPECT_EQ(calls, std::vector<int>(std::size_t(count), 1)) << threads << " threads, " << count;
    }
  }
}

TEST(WorkerPool, NothingOfALoopIsLeftWhenTheNextOneBegins) {
  WorkerPool pool(4);
  std::vector<std::int64_t> values(61, 0);
  for (int loop = 0; loop < 3000; ++loop) {
    parallel_for(pool, std::int64_t(values.size()), [&](std::int64_t i, int) { values[std::size_t(i)] += i + loop; });
    const auto sum = std::accumulate(values.begin(), values.end(), std::int64_t{0});
    ASSERT_EQ(sum, (loop + 1) * 1830 + 61LL * loop * (loop + 1) / 2);
  }
}

TEST(WorkerPool, AThreadNumberBelongsToOneThreadAtATime) {
  WorkerPool pool(4);
  std::vector<std::atomic<int>> inside(4);
  std::atomic<int> clashes{0};
  for (int loop = 0; loop < 50; ++loop) {
    parallel_for(pool, 64, [&](std::int64_t, int thread) {
      if (inside[std::size_t(thread)].fetch_add(1) != 0) ++clashes;
      std::this_thread::yield();
      inside[std::size_t(thread)].fetch_sub(1);
    });
  }
  EXPECT_EQ(clashes, 0);
}

TEST(WorkerPool, ThreadsReallyShareTheWork) {
  WorkerPool pool(3);
  std::atomic<int> waiting{0};
  // Each of three tasks waits for the two others: one thread alone would never come to an end.
  parallel_for(pool, 3, [&](std::int64_t, int) {
    ++waiting;
    while (waiting < 3) std::this_thread::yield();
  });
  EXPECT_EQ(waiting, 3);
}

TEST(WorkerPool, WorksAfterItsThreadsWentToSleep) {
  WorkerPool pool(3);
  for (int loop = 0; loop < 3; ++loop) {
    std::atomic<int> waiting{0};
    parallel_for(pool, 3, [&](std::int64_t, int) {
      ++waiting;
      while (waiting < 3) std::this_thread::yield();
    });
    std::this_thread::sleep_for(20ms);
  }
}

TEST(WorkerPool, ThreadsWithoutWorkTakeNoTime) {
  WorkerPool pool(4);
  parallel_for(pool, 64, [](std::int64_t, int) {});
  timespec before{}, after{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  std::this_thread::sleep_for(200ms);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const double spent = double(after.tv_sec - before.tv_sec) + 1e-9 * double(after.tv_nsec - before.tv_nsec);
  EXPECT_LT(spent, 0.02);
}

TEST(WorkerPool, TheFirstExceptionLeavesAndThePoolGoesOn) {
  for (const int threads : {1, 3}) {
    WorkerPool pool(threads);
    for (int loop = 0; loop < 20; ++loop) {
      try {
        parallel_for(pool, 100, [](std::int64_t i, int) {
          if (i == 37) throw std::runtime_error("at 37");
        });
        ADD_FAILURE() << "nothing was thrown";
      } catch (const std::runtime_error& error) {
        EXPECT_EQ(std::string(error.what()), "at 37");
      }
      std::atomic<int> count{0};
      parallel_for(pool, 50, [&](std::int64_t, int) { ++count; });
      EXPECT_EQ(count, 50);
    }
  }
}

TEST(WorkerPool, LoopsInsideLoopsAndFromSeveralThreads) {
  WorkerPool pool(3);
  std::atomic<int> count{0};
  const auto twice = [&] {
    parallel_for(pool, 20, [&](std::int64_t, int) {
      parallel_for(pool, 5, [&](std::int64_t, int thread) {
        EXPECT_EQ(thread, 0);
        ++count;
      });
    });
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(twice);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(count, 4 * 20 * 5);
}

TEST(ParallelRanges, CoverTheCountWithoutOverlap) {
  WorkerPool pool(3);
  for (const std::int64_t count : {0, 1, 63, 64, 65, 1000}) {
    std::vector<int> calls(std::size_t(count), 0);
    parallel_ranges(pool, count, 64, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_LT(begin, end);
      EXPECT_LE(end, count);
      for (std::int64_t i = begin; i < end; ++i) ++calls[std::size_t(i)];
    });
    EXPECT_EQ(calls, std::vector<int>(std::size_t(count), 1));
  }
}

}  // namespace
}  // namespace lacuna::cpu
