#include "runtime/recovering_executor.h"

#include <mutex>
#include <set>
#include <shared_mutex>
#include <stdexcept>
#include <utility>

namespace lacuna::runtime {

using graph::DeviceError;

void Recovery::validate() const {
  if (!make) throw std::invalid_argument("[recovery] expected a function that makes the engine, got none");
  if (rebuilds < 0) throw std::invalid_argument("[recovery] expected rebuilds >= 0, got " + std::to_string(rebuilds));
}

struct RecoveringExecutor::State {
  Recovery recovery;
  /// Shared by those who use the engine, held alone by the one who replaces it.
  std::shared_mutex use;
  std::unique_ptr<graph::Executor> engine;  // null after a failure that nothing was left for
  std::uint64_t generation = 0;             // counts engines
  int losses = 0;
  bool fallen_back = false;
  std::mutex plans_mutex;
  std::set<Plan*> plans;

  graph::Executor& at_work() {
    if (!engine) throw DeviceError(DeviceError::Kind::lost, "the device was lost and could not be opened again");
    return *engine;
  }
  /// Replaces the engine of `failed` after `error`, unless another thread has done it. Throws when nothing is left.
  void recover(std::uint64_t failed, const DeviceError& error);

 private:
  void drop_engine();
  bool rebuild(std::string& reason);
  void say(const std::string& line) const {
    if (recovery.on_event) recovery.on_event(line);
  }
};

/// A plan of whatever engine is at work.
class RecoveringExecutor::Plan final : public graph::Plan {
 public:
  Plan(std::shared_ptr<State> state, graph::Graph graph, std::shared_ptr<const graph::WeightSource> weights)
      : state_(std::move(state)), graph_(std::move(graph)), weights_(std::move(weights)) {
    const std::scoped_lock lock(state_->plans_mutex);
    state_->plans.insert(this);
  }
  ~Plan() override {
    // Not while the engine is being replaced.
    const std::shared_lock use(state_->use);
    plan_.reset();
    const std::scoped_lock lock(state_->plans_mutex);
    state_->plans.erase(this);
  }

  void prepare() {
    attempt([] {});
  }
  void run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) override {
    attempt([&] { plan_->run(inputs, outputs); });
  }
  std::size_t scratch_bytes() const override {
    const std::shared_lock use(state_->use);
    return plan_ ? plan_->scratch_bytes() : 0;
  }
  /// Called by the one who replaces the engine.
  void drop() { plan_.reset(); }

 private:
  template <class Work>
  void attempt(const Work& work) {
    for (;;) {
      std::uint64_t generation = 0;
      try {
        const std::shared_lock use(state_->use);
        generation = state_->generation;
        if (!plan_) plan_ = state_->at_work().prepare(graph_, weights_);
        return work();
      } catch (const DeviceError& error) {
        if (error.kind() == DeviceError::Kind::unsupported) throw;
        state_->recover(generation, error);
      }
    }
  }

  std::shared_ptr<State> state_;
  graph::Graph graph_;
  std::shared_ptr<const graph::WeightSource> weights_;
  std::unique_ptr<graph::Plan> plan_;
};

void RecoveringExecutor::State::drop_engine() {
  const std::scoped_lock lock(plans_mutex);
  for (Plan* plan : plans) plan->drop();  // plans go before their engine
  engine.reset();
  ++generation;
}

bool RecoveringExecutor::State::rebuild(std::string& reason) {
  while (losses <= recovery.rebuilds) {
    try {
      say("the device was lost (" + reason + "); opened again, the run goes on");
      engine = recovery.make();
      return true;
    } catch (const DeviceError& error) {
      reason = error.what();
      ++losses;
    }
  }
  return false;
}

void RecoveringExecutor::State::recover(std::uint64_t failed, const DeviceError& error) {
  const std::unique_lock lock(use);
  if (failed != generation) return;
  const bool lost = error.kind() == DeviceError::Kind::lost;
  if (!engine || (!lost && (!recovery.fall_back || fallen_back))) throw error;
  std::string reason = error.what();
  if (lost) {
    drop_engine();
    ++losses;
    if (!fallen_back && rebuild(reason)) return;
  }
  if (!recovery.fall_back || fallen_back) {
    throw DeviceError(DeviceError::Kind::lost, "the device was lost " + std::to_string(losses) + " times: " + reason);
  }
  if (!lost) drop_engine();
  engine = recovery.fall_back();
  fallen_back = true;
  say((lost ? "the device was lost again (" : "the device has too little memory (") + reason + "); " + engine->name() +
      " takes over");
}

RecoveringExecutor::RecoveringExecutor(Recovery recovery) : state_(std::make_shared<State>()) {
  recovery.validate();
  state_->engine = recovery.make();
  state_->recovery = std::move(recovery);
}

RecoveringExecutor::~RecoveringExecutor() = default;

std::string RecoveringExecutor::name() const {
  const std::shared_lock use(state_->use);
  return state_->at_work().name();
}

std::unique_ptr<graph::Plan> RecoveringExecutor::prepare(const graph::Graph& graph,
                                                         std::shared_ptr<const graph::WeightSource> weights) {
  auto plan = std::make_unique<Plan>(state_, graph, std::move(weights));
  plan->prepare();
  return plan;
}

const graph::Executor& RecoveringExecutor::engine() const {
  const std::shared_lock use(state_->use);
  return state_->at_work();
}

int RecoveringExecutor::losses() const {
  const std::shared_lock use(state_->use);
  return state_->losses;
}

}  // namespace lacuna::runtime
