#include "fusion/training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fusion/training/initial_weights.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::training {
namespace {

namespace fs = std::filesystem;

/// Learns a linear map from numbers that are functions of the pass. Its state counts steps, as a codebook would.
class LinearTask : public TrainTask {
 public:
  explicit LinearTask(std::int64_t poison_at = -1) : poison_at_(poison_at) {}

  std::vector<NamedTensor> initial_weights() const override {
    return {{"layer.weight", initial_normal(1, "w", {3, 7}, 0.5)}, {"layer.bias", at::zeros({3})}};
  }
  std::vector<NamedTensor> state() override { return {{"counter", counter_}}; }
  std::vector<std::string> metrics() const override { return {"error"}; }
  PassResult forward(const TensorMap& weights, const PassKey& key) override {
    const std::string pass = std::to_string(key.step) + "." + std::to_string(key.micro);
    const at::Tensor x = initial_normal(2, "x" + pass, {8, 7}, 1.0);
    const at::Tensor target = at::linear(x, initial_normal(3, "true", {3, 7}, 1.0));
    at::Tensor loss = at::mse_loss(at::linear(x, weights.at("layer.weight"), weights.at("layer.bias")), target);
    if (key.step == poison_at_) loss = loss * std::nan("");
    return {loss, {loss.detach() * 2 + at::sum(counter_)}};
  }
  void after_step(std::int64_t, Ranks&) override { counter_ += 1; }
  Measurements validate(const TensorMap& weights, std::int64_t step) override {
    return {{"size", at::sum(at::square(weights.at("layer.weight"))).item<double>()}, {"at", double(step)}};
  }
  void sample(const TensorMap&, std::int64_t step, const fs::path& folder) override {
    std::ofstream(folder / (std::to_string(step) + ".txt")) << "sample";
  }
  void export_model(const TensorMap&, const fs::path& folder) override { fs::create_directories(folder); }

 private:
  std::int64_t poison_at_;
  at::Tensor counter_ = at::zeros({1});
};

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    fs::remove_all(root_);
    options_.max_train_steps = 23;
    options_.train_batch_size = 8;
    options_.gradient_accumulation_steps = 2;
    options_.learning_rate = 0.05;
    options_.lr_warmup_steps = 3;
    options_.checkpointing_steps = 7;
    options_.validation_steps = 5;
    options_.log_steps = 4;
    options_.checkpoints_total_limit = 10;
    options_.ema_decay = 0.8;
  }
  ~TrainerTest() override { fs::remove_all(root_); }

  TrainOutcome run(const std::string& name, std::int64_t stop_after = -1, std::int64_t poison_at = -1) {
    LinearTask task(poison_at);
    TrainOptions options = options_;
    options.output_dir = (root_ / name).string();
    Ranks ranks;
    TrainHooks hooks;
    std::int64_t steps = 0;
    hooks.stop_requested = [&] { return ++steps == stop_after; };
    return train(task, options, at::kCPU, ranks, hooks);
  }
  std::string file(const std::string& path) const { return weights::read_regular_file(root_ / path, 1 << 24); }
  /// The log without the columns that measure time.
  std::string log(const std::string& name) const {
    std::istringstream lines(file(name + "/train.csv"));
    std::string out;
    for (std::string line; std::getline(lines, line);) {
      for (int i = 0; i < 2; ++i) line.resize(line.rfind(','));
      out += line + "\n";
    }
    return out;
  }

  fs::path root_ = fs::temp_directory_path() /
                   (std::string("lacuna_trainer_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  TrainOptions options_;
};

TEST_F(TrainerTest, ResumesBitForBitWhereverItStopped) {
  const TrainOutcome whole = run("whole");
  EXPECT_TRUE(whole.finished);
  EXPECT_EQ(whole.steps, 23);
  EXPECT_FALSE(log("whole").empty());
  options_.resume_from_checkpoint = "latest";
  for (const std::int64_t stop : {1, 4, 6, 7, 13, 22}) {
    const std::string name = "stop" + std::to_string(stop);
    const TrainOutcome first = run(name, stop);
    EXPECT_TRUE(first.stopped);
    EXPECT_EQ(first.steps, stop);
    EXPECT_TRUE(run(name).finished);
    for (const char* part : {"model.safetensors", "ema.safetensors", "optimizer.safetensors", "trainer_state.json"}) {
      EXPECT_EQ(file(name + "/checkpoints/step-23/" + part), file(std::string("whole/checkpoints/step-23/") + part)) << stop << part;
    }
    EXPECT_EQ(log(name), log("whole")) << stop;
    EXPECT_EQ(file(name + "/validation.csv"), file("whole/validation.csv")) << stop;
  }
}

TEST_F(TrainerTest, LearnsAndLeavesWhatItShould) {
  options_.max_train_steps = 200;
  run("a");
  std::istringstream lines(file("a/train.csv"));
  std::string header, first, last;
  std::getline(lines, header);
  std::getline(lines, first);
  for (std::string line; std::getline(lines, line);) last = line;
  EXPECT_EQ(header, "step,samples,learning_rate,loss,error,grad_norm,samples_per_second,seconds");
  const auto loss = [](const std::string& line) {
    std::istringstream cells(line);
    std::string cell;
    for (int i = 0; i < 4; ++i) std::getline(cells, cell, ',');
    return std::stod(cell);
  };
  EXPECT_LT(loss(last), loss(first) / 100);
  for (const char* name : {"config.toml", "loss.svg", "model", "samples/200.txt", "checkpoints/latest"}) {
    EXPECT_TRUE(fs::exists(root_ / "a" / name)) << name;
  }
}

TEST_F(TrainerTest, StopsAtALossThatIsNoNumberAndKeepsTheLastCheckpoint) {
  EXPECT_THROW(run("a", -1, 9), TrainingDiverged);
  EXPECT_TRUE(fs::exists(root_ / "a/checkpoints/step-7/model.safetensors"));
  EXPECT_FALSE(fs::exists(root_ / "a/checkpoints/step-14"));
  options_.resume_from_checkpoint = "latest";
  EXPECT_TRUE(run("a").finished);
  run("b");
  EXPECT_EQ(file("a/checkpoints/step-23/model.safetensors"), file("b/checkpoints/step-23/model.safetensors"));
}

TEST_F(TrainerTest, EndsALegByTheClock) {
  options_.max_train_steps = 1000000000;
  options_.max_train_minutes = 0.002;
  const TrainOutcome leg = run("a");
  EXPECT_FALSE(leg.finished);
  EXPECT_FALSE(leg.stopped);
  EXPECT_GT(leg.steps, 0);
  EXPECT_TRUE(fs::exists(root_ / ("a/checkpoints/step-" + std::to_string(leg.steps))));
}

TEST_F(TrainerTest, RefusesACheckpointOfAnotherRun) {
  run("a", 3);
  options_.resume_from_checkpoint = "latest";
  const TrainOptions good = options_;
  options_.seed = 5;
  EXPECT_THROW(run("a"), weights::CheckpointError);
  options_ = good;
  options_.train_batch_size = 9;
  EXPECT_THROW(run("a"), weights::CheckpointError);
  options_ = good;
  fs::remove(root_ / "a/checkpoints/step-3/optimizer.safetensors");
  EXPECT_ANY_THROW(run("a"));
}

}  // namespace
}  // namespace lacuna::training
