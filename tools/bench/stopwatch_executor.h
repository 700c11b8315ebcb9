#pragma once

#include <memory>

#include "fusion/graph/executor.h"

namespace lacuna::bench {

/// An engine that adds up the time its plans run, so that what a job does besides can be told.
class StopwatchExecutor final : public graph::Executor {
 public:
  explicit StopwatchExecutor(std::unique_ptr<graph::Executor> engine) : engine_(std::move(engine)) {}

  std::string name() const override { return engine_->name(); }
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;

  const graph::Executor& engine() const { return *engine_; }
  /// Seconds in Plan::run of all plans so far, and how many runs.
  double seconds() const { return seconds_; }
  std::int64_t runs() const { return runs_; }

 private:
  class TimedPlan;
  std::unique_ptr<graph::Executor> engine_;
  double seconds_ = 0.0;
  std::int64_t runs_ = 0;
};

}  // namespace lacuna::bench
