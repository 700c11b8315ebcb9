#pragma once

#include <omp.h>

#include <cstdint>
#include <type_traits>

#include "runtime/cpu/worker_pool.h"

namespace lacuna::cpu {

/// Limits OpenMP regions begun by this thread (oneDNN's, that is) to one thread for as long as it lives. oneDNN
/// picks its blocking by the number of threads it may use, so primitives are both made and run under this guard:
/// their arithmetic is then the same whatever the engine's own number of threads.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Calls f(index, thread) for every index in [0, count), on up to pool.threads() threads; thread is in
/// [0, pool.threads()). Which thread gets which index is left to chance: f must write to places that belong to the
/// index. The first exception that f throws leaves here.
template <class F>
void parallel_for(WorkerPool& pool, std::int64_t count, F&& f) {
  using Body = std::remove_reference_t<F>;
  const auto call = [](void* body, std::int64_t index, int thread) { (*static_cast<Body*>(body))(index, thread); };
  pool.run(count, call, const_cast<void*>(static_cast<const void*>(&f)));
}

/// parallel_for over ranges: f(begin, end) for pieces of [0, count) of `grain` elements.
template <class F>
void parallel_ranges(WorkerPool& pool, std::int64_t count, std::int64_t grain, F&& f) {
  parallel_for(pool, (count + grain - 1) / grain, [&](std::int64_t piece, int) {
    const std::int64_t begin = piece * grain;
    f(begin, begin + grain < count ? begin + grain : count);
  });
}

}  // namespace lacuna::cpu
