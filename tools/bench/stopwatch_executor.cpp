#include "tools/bench/stopwatch_executor.h"

#include "tools/bench/timing.h"

namespace lacuna::bench {

class StopwatchExecutor::TimedPlan final : public graph::Plan {
 public:
  TimedPlan(std::unique_ptr<graph::Plan> plan, StopwatchExecutor& watch) : plan_(std::move(plan)), watch_(watch) {}
  void run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) override {
    const double begin = read_clock(Clock::wall);
    plan_->run(inputs, outputs);
    watch_.seconds_ += read_clock(Clock::wall) - begin;
    ++watch_.runs_;
  }
  std::size_t scratch_bytes() const override { return plan_->scratch_bytes(); }

 private:
  std::unique_ptr<graph::Plan> plan_;
  StopwatchExecutor& watch_;
};

std::unique_ptr<graph::Plan> StopwatchExecutor::prepare(const graph::Graph& graph,
                                                        std::shared_ptr<const graph::WeightSource> weights) {
  return std::make_unique<TimedPlan>(engine_->prepare(graph, std::move(weights)), *this);
}

}  // namespace lacuna::bench
