#include "runtime/cpu/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {
namespace {

/// Measured on two cores: shorter costs a wake-up a step on an idle machine, longer takes time away from whoever
/// has work on a busy one.
constexpr std::chrono::microseconds kAwake{50};

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits awake for kAwake, then asleep, until the value is another one.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  const auto end = std::chrono::steady_clock::now() + kAwake;
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

WorkerPool::~WorkerPool() {
  stop_.store(true);
  loops_.fetch_add(1);
  loops_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void WorkerPool::run(std::int64_t count, Task task, void* object) {
  if (count <= 1 || threads_ <= 1 || busy_.test_and_set(std::memory_order_acquire)) {
    const OneThread guard;
    for (std::int64_t i = 0; i < count; ++i) {
      check_stop();
      task(object, i, 0);
    }
    return;
  }
  if (workers_.empty()) start();
  task_ = task;
  object_ = object;
  count_ = count;
  next_.store(0, std::memory_order_relaxed);
  guests_.store(kOpen, std::memory_order_release);
  loops_.fetch_add(1);
  if (count > std::int64_t(workers_.size())) {
    loops_.notify_all();
  } else {
    for (std::int64_t i = 1; i < count; ++i) loops_.notify_one();
  }
  {
    const OneThread guard;
    work(0);
  }
  for (std::uint32_t inside = guests_.fetch_and(~kOpen) & ~kOpen; inside != 0; inside = guests_.load()) {
    wait_while(guests_, inside);
  }
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  busy_.clear(std::memory_order_release);
  if (failure) std::rethrow_exception(failure);
}

void WorkerPool::start() {
  workers_.reserve(std::size_t(threads_ - 1));
  try {
    while (int(workers_.size()) < threads_ - 1) {
      workers_.emplace_back([this, thread = int(workers_.size()) + 1] { serve(thread); });
    }
  } catch (const std::system_error&) {
    // No more threads to be had: the loops run on those that there are.
  }
}

void WorkerPool::serve(int thread) {
  const OneThread guard;
  for (std::uint32_t seen = 0; !stop_.load(std::memory_order_acquire);) {
    wait_while(loops_, seen);
    seen = loops_.load(std::memory_order_acquire);
    if (!enter()) continue;  // over already
    work(thread);
    leave();
  }
}

bool WorkerPool::enter() {
  std::uint32_t guests = guests_.load(std::memory_order_relaxed);
  while (guests & kOpen) {
    if (guests_.compare_exchange_weak(guests, guests + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void WorkerPool::leave() {
  if (guests_.fetch_sub(1) == 1) guests_.notify_one();
}

void WorkerPool::work(int thread) {
  for (std::int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
    try {
      check_stop();
      task_(object_, i, thread);
    } catch (...) {
      next_.store(count_, std::memory_order_relaxed);  // the rest is for nothing
      const std::scoped_lock lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
}

}  // namespace lacuna::cpu
