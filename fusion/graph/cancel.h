#pragma once

#include <functional>
#include <stdexcept>

namespace lacuna::graph {

/// A run (Plan::run, Executor::prepare) that its engine was asked to give up; what it was to write is undefined. Engine
/// and plan can be used again.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("stopped") {}
};

/// Says whether an engine is to give up what it does. Asked often and from any of its threads.
using StopRequest = std::function<bool()>;

}  // namespace lacuna::graph
