#pragma once

#include <string>

#include "fusion/graph/executor.h"

namespace lacuna::runtime {

/// Runs one small graph of odd sizes through `engine` and `reference`: products of every stored type, convolution,
/// attention, norms, rotary positions, layout changes, the nearest code and drawn tokens. Gives the name of the first
/// part that differs by more than rounding, with the difference, or nothing. What a driver that computes wrongly
/// is found out by. Throws what the engines throw.
std::string failing_part(graph::Executor& engine, graph::Executor& reference);

}  // namespace lacuna::runtime
