#pragma once

#include <functional>
#include <string>

#include "fusion/training/ranks.h"
#include "fusion/training/train_options.h"
#include "fusion/training/train_task.h"

namespace lacuna::training {

/// The loss or a gradient is no number any more. The last checkpoint is from before.
class TrainingDiverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where a run tells how it goes, and asks whether to stop.
struct TrainHooks {
  /// One line without a line end; `progress` lines replace each other.
  std::function<void(const std::string&)> report = [](const std::string&) {};
  std::function<void(const std::string&)> progress = [](const std::string&) {};
  /// True ends the run after this step with a checkpoint.
  std::function<bool()> stop_requested = [] { return false; };
  /// The effective settings as TOML, saved in every checkpoint.
  std::string settings;
};

/// How a run ended.
struct TrainOutcome {
  std::int64_t steps = 0;
  bool finished = false;  // max_train_steps was reached
  bool stopped = false;   // by stop_requested
};

/// Trains `task` and leaves in output_dir: config.toml, train.csv, validation.csv, loss.svg, checkpoints/,
/// samples/ and, at the end of every leg, the exported model in model/.
/// A run that is stopped and resumed gives the same bits as an unbroken one on the CPU.
/// Throws TrainingDiverged, weights::IoError, weights::CheckpointError.
TrainOutcome train(TrainTask& task, const TrainOptions& options, at::Device device, Ranks& ranks,
                   const TrainHooks& hooks);

/// "auto" is CUDA where it is there. Throws graph::DeviceError for a CUDA device that is not.
at::Device choose_device(const std::string& name, int local_rank);

}  // namespace lacuna::training
