#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fusion/graph/executor.h"

namespace lacuna::runtime {

/// What a RecoveringExecutor does when its engine's device fails.
struct Recovery {
  using Make = std::function<std::unique_ptr<graph::Executor>()>;

  /// Makes the engine, at the start and again after its device was lost.
  Make make;
  /// Makes the engine that takes over when the device is lost once more than `rebuilds` times or has too little
  /// memory; empty = the error is the caller's.
  Make fall_back;
  /// Losses that are answered by making the engine again.
  int rebuilds = 1;
  /// Called with one line for each loss, before work goes on; may be empty.
  std::function<void(const std::string&)> on_event;

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// An engine that survives the loss of its device. Plans keep their graph and their weights, so a lost engine is
/// destroyed with all its plans, made again, and the run that failed is repeated from its inputs: since a plan writes
/// outputs only when it has succeeded, and a generation keeps its state in canvases on the host, the result is that of
/// a run without a loss. May be used from several threads.
class RecoveringExecutor final : public graph::Executor {
 public:
  /// Throws what recovery.make throws.
  explicit RecoveringExecutor(Recovery recovery);
  ~RecoveringExecutor() override;

  /// Of the engine at work.
  std::string name() const override;
  std::unique_ptr<graph::Plan> prepare(const graph::Graph& graph,
                                       std::shared_ptr<const graph::WeightSource> weights) override;

  /// The engine at work; another one after a loss.
  const graph::Executor& engine() const;
  /// How often a device was lost.
  int losses() const;

 private:
  class Plan;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lacuna::runtime
