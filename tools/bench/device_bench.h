#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fusion/graph/executor.h"

namespace lacuna::bench {

/// A rate of one engine: 10^9 operations a second, a multiply-add counted as two.
struct DeviceRate {
  std::string name;  // "product f32 256x1024x1024"
  double gflops = 0.0;
  std::string note;  // why there is none
};

/// Products of float32 rows with weights stored as f32, f16 and int8, and attention, on any engine: chains of one
/// op, so that what goes in and out hardly counts. The best of `repeats` runs after one that is not counted.
/// `progress` is called with the name of each.
std::vector<DeviceRate> device_rates(graph::Executor& engine, int repeats,
                                     const std::function<void(const std::string&)>& progress);

}  // namespace lacuna::bench
