#include "fusion/training/train_options.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lacuna::training {

void describe(OptionTable& table, TrainOptions& o) {
  table.section("run");
  table.add("output-dir", o.output_dir, "folder for checkpoints, logs, samples and the exported model");
  table.add("resume-from-checkpoint", o.resume_from_checkpoint,
            "\"latest\" (starts anew where there is none) or a checkpoint folder");
  table.add("device", o.device, "where to compute", {"auto", "cpu", "cuda"});
  table.add("mixed-precision", o.mixed_precision, "arithmetic of matrices and convolutions", {"no", "bf16"});
  table.add("seed", o.seed, {0, 9e15}, "key of all random numbers");
  table.add("max-train-steps", o.max_train_steps, {1, 1e9}, "optimiser steps in all");
  table.add("max-train-minutes", o.max_train_minutes, {0, 1e6}, "end this leg after so long, with a checkpoint; 0 = never");
  table.add("train-batch-size", o.train_batch_size, {1, 1e6}, "samples of one forward pass of one process");
  table.add("gradient-accumulation-steps", o.gradient_accumulation_steps, {1, 1e4}, "forward passes a step");
  table.add("overfit-one-batch", o.overfit_one_batch, "train on the first batch again and again");
  table.add("log-steps", o.log_steps, {1, 1e6}, "steps between lines of the log");
  table.add("checkpointing-steps", o.checkpointing_steps, {1, 1e9}, "steps between checkpoints");
  table.add("checkpoints-total-limit", o.checkpoints_total_limit, {1, 1e4}, "checkpoints kept");
  table.add("validation-steps", o.validation_steps, {1, 1e9}, "steps between validations");
  table.add("sample-steps", o.sample_steps, {0, 1e9}, "steps between sample pictures; 0 = with each validation");
  table.add("threads", o.threads, {0, 1024}, "threads of torch on the CPU; 0 = its choice. Where other work runs, fewer are faster");

  table.section("optimizer");
  table.add("learning-rate", o.learning_rate, {0, 1}, "peak learning rate");
  table.add("lr-scheduler", o.lr_scheduler, "after the warm-up", {"cosine", "constant", "linear"});
  table.add("lr-warmup-steps", o.lr_warmup_steps, {0, 1e9}, "steps of linear warm-up");
  table.add("lr-end-factor", o.lr_end_factor, {0, 1}, "last learning rate as a part of the peak");
  table.add("adam-beta1", o.adam_beta1, {0, 0.999999}, "decay of the mean gradient");
  table.add("adam-beta2", o.adam_beta2, {0, 0.999999}, "decay of the mean squared gradient");
  table.add("adam-weight-decay", o.adam_weight_decay, {0, 1}, "decoupled; not on norms, biases and embeddings");
  table.add("adam-epsilon", o.adam_epsilon, {1e-16, 1}, "added to the root");
  table.add("max-grad-norm", o.max_grad_norm, {0, 1e9}, "gradients are scaled down to this norm; 0 = never");
  table.add("use-ema", o.use_ema, "keep a moving average of the weights, which is validated and exported");
  table.add("ema-decay", o.ema_decay, {0, 0.9999999}, "decay of that average; starts lower");
}

double learning_rate_at(const TrainOptions& o, std::int64_t step) {
  if (step < o.lr_warmup_steps) return o.learning_rate * double(step + 1) / double(o.lr_warmup_steps);
  if (o.lr_scheduler == "constant") return o.learning_rate;
  const double span = std::max<double>(1, double(o.max_train_steps - o.lr_warmup_steps));
  const double progress = std::min(1.0, double(step - o.lr_warmup_steps) / span);
  const double falling = o.lr_scheduler == "linear" ? 1 - progress : 0.5 * (1 + std::cos(std::numbers::pi * progress));
  return o.learning_rate * (o.lr_end_factor + (1 - o.lr_end_factor) * falling);
}

}  // namespace lacuna::training
