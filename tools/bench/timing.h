#pragma once

#include <functional>
#include <vector>

namespace lacuna::bench {

struct Timing {
  double median = 0.0;
  double fastest = 0.0;
  double slowest = 0.0;
};

/// The spread of some measurements; expects at least one.
Timing summarise(std::vector<double> values);
/// Time on the wall, or time that the processor spent on this process: with one thread the latter says what a call
/// costs even where other programs take most of the machine.
enum class Clock { wall, processor };

/// Seconds from some moment on.
double read_clock(Clock clock);
/// Milliseconds of `repeats` calls, after one that is not counted.
Timing time_calls(int repeats, Clock clock, const std::function<void()>& call);

}  // namespace lacuna::bench
