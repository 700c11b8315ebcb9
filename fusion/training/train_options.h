#pragma once

#include <cstdint>
#include <string>

#include "fusion/training/option_table.h"

namespace lacuna::training {

/// What every kind of training run can be told.
struct TrainOptions {
  std::string output_dir = "run";
  std::string resume_from_checkpoint;  // "latest", a checkpoint folder, or empty
  std::string device = "auto";
  std::string mixed_precision = "bf16";
  std::int64_t seed = 0;
  std::int64_t max_train_steps = 10000;
  double max_train_minutes = 0;  // 0 = no limit
  std::int64_t train_batch_size = 64;
  std::int64_t gradient_accumulation_steps = 1;
  bool overfit_one_batch = false;

  double learning_rate = 3e-4;
  std::string lr_scheduler = "cosine";
  std::int64_t lr_warmup_steps = 200;
  double lr_end_factor = 0.02;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.99;
  double adam_weight_decay = 0.03;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;
  bool use_ema = true;
  double ema_decay = 0.9995;

  std::int64_t checkpointing_steps = 1000;
  std::int64_t checkpoints_total_limit = 2;
  std::int64_t validation_steps = 1000;
  std::int64_t sample_steps = 0;  // 0 = with validation
  std::int64_t log_steps = 20;
  std::int64_t threads = 0;  // 0 = what torch chooses
};

/// Adds the settings under the names of the common training scripts.
void describe(OptionTable& table, TrainOptions& options);

/// The learning rate of a step (0-based): linear warm-up from 0, then constant, linear or half a cosine down to
/// lr_end_factor of the peak at max_train_steps.
double learning_rate_at(const TrainOptions& options, std::int64_t step);

}  // namespace lacuna::training
