#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fusion/graph/cancel.h"

namespace lacuna::cpu {

/// Threads that share the loops of one executor with the thread that calls. A thread without work stays awake for
/// some microseconds, which bridges the gaps between the steps of a plan, and then sleeps; a loop never waits for
/// a thread that has not begun. So a busy machine slows a run down by what the others take and not by more: OpenMP's
/// threads, which wait for milliseconds at the end of every loop, made the same run ten times slower there.
class WorkerPool {
 public:
  /// What a loop does: called with `object`, an index and the number of the thread.
  using Task = void (*)(void* object, std::int64_t index, int thread);

  /// `threads` >= 1 counts the calling thread; the others are started by the first loop that can use them.
  /// Every loop ends early, with graph::Cancelled, when `stop` says so.
  explicit WorkerPool(int threads, graph::StopRequest stop = {}) : threads_(threads), asked_(std::move(stop)) {}
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int threads() const { return threads_; }

  /// Calls the task for every index in [0, count), on up to threads() threads with numbers in [0, threads());
  /// returns when all are done. A loop begun inside another one, or by a second thread meanwhile, runs on its own
  /// thread alone, as number 0. Throws the first exception that the task threw, after the loop.
  void run(std::int64_t count, Task task, void* object);

 private:
  void start();
  void serve(int thread);
  bool enter();
  void leave();
  void work(int thread);
  void check_stop() const {
    if (asked_ && asked_()) throw graph::Cancelled();
  }

  static constexpr std::uint32_t kOpen = 1u << 31;

  const int threads_;
  const graph::StopRequest asked_;
  std::vector<std::thread> workers_;
  std::atomic_flag busy_;
  std::atomic<bool> stop_{false};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;

  // The loop at hand: written while nobody is inside.
  Task task_ = nullptr;
  void* object_ = nullptr;
  std::int64_t count_ = 0;

  // Each on a cache line of its own.
  alignas(64) std::atomic<std::uint32_t> loops_{0};   // begun so far; workers sleep on it
  alignas(64) std::atomic<std::uint32_t> guests_{0};  // workers inside the loop, and whether more may enter
  alignas(64) std::atomic<std::int64_t> next_{0};
};

}  // namespace lacuna::cpu
