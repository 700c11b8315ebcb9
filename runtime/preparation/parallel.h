#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace lacuna::preparation {

/// Calls `work(i)` for every i in [0, count) on at most `threads` threads (the caller's is one of
/// them; 0: as many as there are cores). Rethrows the first exception after all threads have
/// stopped.
template <typename Work>
void parallel_for(std::size_t count, int threads, Work&& work) {
  std::size_t wanted = threads > 0 ? std::size_t(threads) : std::thread::hardware_concurrency();
  wanted = std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(count, 1));
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> errors(wanted);
  const auto run = [&](std::size_t worker) {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      errors[worker] = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t w = 1; w < wanted; ++w) workers.emplace_back(run, w);
    run(0);
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace lacuna::preparation
