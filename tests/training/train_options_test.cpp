#include "fusion/training/train_options.h"

#include <gtest/gtest.h>

namespace lacuna::training {
namespace {

TrainOptions options_with(const std::string& scheduler) {
  TrainOptions o;
  o.learning_rate = 0.5;
  o.lr_scheduler = scheduler;
  o.lr_warmup_steps = 10;
  o.max_train_steps = 110;
  o.lr_end_factor = 0.1;
  return o;
}

TEST(LearningRate, WarmsUpInAStraightLine) {
  for (const char* scheduler : {"cosine", "constant", "linear"}) {
    const TrainOptions o = options_with(scheduler);
    for (int step = 0; step < 10; ++step) EXPECT_NEAR(learning_rate_at(o, step), 0.05 * (step + 1), 1e-12);
    EXPECT_NEAR(learning_rate_at(o, 10), 0.5, 1e-12);
  }
}

TEST(LearningRate, FallsAsItsNameSays) {
  EXPECT_NEAR(learning_rate_at(options_with("constant"), 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(options_with("linear"), 60), 0.5 * 0.55, 1e-12);
  EXPECT_NEAR(learning_rate_at(options_with("cosine"), 60), 0.5 * 0.55, 1e-12);
  for (const char* scheduler : {"cosine", "linear"}) {
    const TrainOptions o = options_with(scheduler);
    for (int step = 10; step < 130; ++step) EXPECT_LE(learning_rate_at(o, step + 1), learning_rate_at(o, step));
    EXPECT_NEAR(learning_rate_at(o, 110), 0.05, 1e-12);
    EXPECT_NEAR(learning_rate_at(o, 1000), 0.05, 1e-12);
  }
}

TEST(LearningRate, NoWarmUpIsAllowed) {
  TrainOptions o = options_with("constant");
  o.lr_warmup_steps = 0;
  EXPECT_NEAR(learning_rate_at(o, 0), 0.5, 1e-12);
}

TEST(TrainOptions, HaveTheNamesOfTheCommonScripts) {
  TrainOptions o;
  OptionTable table;
  describe(table, o);
  const std::string help = table.help();
  for (const char* name :
       {"--output-dir", "--resume-from-checkpoint", "--mixed-precision", "--seed", "--max-train-steps", "--train-batch-size",
        "--gradient-accumulation-steps", "--learning-rate", "--lr-scheduler", "--lr-warmup-steps", "--adam-beta1",
        "--adam-beta2", "--adam-weight-decay", "--adam-epsilon", "--max-grad-norm", "--use-ema", "--ema-decay",
        "--checkpointing-steps", "--checkpoints-total-limit", "--validation-steps", "--overfit-one-batch"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace lacuna::training
