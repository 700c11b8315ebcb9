#include "tools/bench/timing.h"

#include <algorithm>
#include <ctime>

namespace lacuna::bench {

Timing summarise(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

double read_clock(Clock clock) {
  timespec now{};
  clock_gettime(clock == Clock::wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

Timing time_calls(int repeats, Clock clock, const std::function<void()>& call) {
  call();
  std::vector<double> milliseconds;
  for (int i = 0; i < repeats; ++i) {
    const double begin = read_clock(clock);
    call();
    milliseconds.push_back(1e3 * (read_clock(clock) - begin));
  }
  return summarise(std::move(milliseconds));
}

}  // namespace lacuna::bench
