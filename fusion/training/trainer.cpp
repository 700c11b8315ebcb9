#include "fusion/training/trainer.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "fusion/graph/executor.h"
#include "fusion/training/checkpoint_folder.h"
#include "fusion/training/loss_log.h"
#include "fusion/training/optimizer.h"
#include "fusion/training/tensor_file.h"
#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/config_reader.h"
#include "runtime/weights/json_file.h"

namespace lacuna::training {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string duration_text(double seconds) {
  char buffer[64];
  const auto s = std::int64_t(std::max(0.0, seconds));
  std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", (long long)(s / 3600), (long long)(s / 60 % 60),
                (long long)(s % 60));
  return buffer;
}

std::string short_number(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

/// One run: owns weights, optimiser and logs between the first step and the last.
class Run {
 public:
  Run(TrainTask& task, const TrainOptions& options, at::Device device, Ranks& ranks, const TrainHooks& hooks)
      : task_(task), options_(options), device_(device), ranks_(ranks), hooks_(hooks), folder_(options.output_dir),
        checkpoints_(folder_ / "checkpoints"), parameters_(task.initial_weights(), device),
        optimizer_(parameters_, options) {
    fs::create_directories(folder_);
    sums_ = at::zeros({std::int64_t(metric_names().size())}, at::TensorOptions().dtype(at::kDouble).device(device));
    const std::int64_t logged = resume();
    log_ = std::make_unique<LossLog>(log_path("train"), logged);
    validation_log_ = std::make_unique<LossLog>(log_path("validation"), logged);
    if (ranks.is_first()) weights::write_file_atomic(folder_ / "config.toml", hooks.settings);
    hooks.report(std::to_string(parameters_.size()) + " parameters on " + device.str() + ", " +
                 std::to_string(samples_per_step()) + " samples a step");
  }

  TrainOutcome run();

 private:
  std::vector<std::string> metric_names() const {
    std::vector<std::string> names{"loss"};
    for (auto& name : task_.metrics()) names.push_back(name);
    names.push_back("grad_norm");
    return names;
  }
  fs::path log_path(const std::string& name) const {
    return folder_ / (ranks_.is_first() ? name + ".csv" : name + "-rank" + std::to_string(ranks_.rank()) + ".csv");
  }
  std::int64_t samples_per_step() const {
    return options_.train_batch_size * options_.gradient_accumulation_steps * ranks_.size();
  }
  TensorMap averaged() { return parameters_.views_of(optimizer_.averaged()); }

  void one_step();
  void log_interval();
  void validate();
  void sample();
  void save();
  std::int64_t resume();
  std::vector<NamedTensor> optimizer_tensors();
  std::vector<NamedTensor> model_tensors(const at::Tensor& flat);
  bool agree_to_stop(bool wanted);

  TrainTask& task_;
  const TrainOptions& options_;
  at::Device device_;
  Ranks& ranks_;
  const TrainHooks& hooks_;
  fs::path folder_;
  CheckpointFolder checkpoints_;
  FlatParameters parameters_;
  Optimizer optimizer_;
  std::unique_ptr<LossLog> log_, validation_log_;
  at::Tensor sums_;           // of loss, metrics and gradient norm since the last line of the log
  std::int64_t summed_ = 0;   // steps in them
  std::int64_t step_ = 0;     // steps done
  Clock::time_point start_ = Clock::now();
  Clock::time_point interval_start_ = Clock::now();
  std::int64_t interval_step_ = 0;
  double rate_ = 0;
};

void Run::one_step() {
  const std::int64_t data_step = options_.overfit_one_batch ? 0 : step_;
  std::vector<at::Tensor> scalars;
  for (std::int64_t micro = 0; micro < options_.gradient_accumulation_steps; ++micro) {
    const PassResult pass = task_.forward(parameters_.weights(), {data_step, micro, ranks_.rank(), ranks_.size()});
    const double share = 1.0 / double(options_.gradient_accumulation_steps * ranks_.size());
    (pass.loss * share).backward();
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> row{pass.loss.detach()};
    row.insert(row.end(), pass.metrics.begin(), pass.metrics.end());
    for (at::Tensor& value : row) value = value.to(device_, at::kDouble) * share;
    const at::Tensor stacked = at::stack(row);
    if (micro == 0) scalars.push_back(stacked);
    else scalars[0] += stacked;
  }
  const at::NoGradGuard no_grad;
  ranks_.sum(parameters_.gradients());
  ranks_.sum(scalars[0]);
  const at::Tensor norm = optimizer_.step(step_, learning_rate_at(options_, step_));
  task_.after_step(step_, ranks_);
  sums_ += at::cat({scalars[0], norm.to(at::kDouble).reshape({1})});
  ++summed_;
  ++step_;
}

void Run::log_interval() {
  const at::Tensor host = (sums_ / double(summed_)).to(at::kCPU);
  const double seconds = seconds_since(interval_start_);
  rate_ = double((step_ - interval_step_) * samples_per_step()) / std::max(1e-9, seconds);
  LossLog::Row row{{"samples", double(step_ * samples_per_step())},
                   {"learning_rate", learning_rate_at(options_, step_ - 1)}};
  const auto names = metric_names();
  for (std::size_t i = 0; i < names.size(); ++i) row.push_back({names[i], host[std::int64_t(i)].item<double>()});
  for (const auto& [name, value] : row) {
    if (!std::isfinite(value)) {
      throw TrainingDiverged("training diverged: " + name + " is not a number in the steps up to " +
                             std::to_string(step_) + "; lower learning-rate and go on from " +
                             checkpoints_.root().string());
    }
  }
  row.push_back({"samples_per_second", rate_});
  row.push_back({"seconds", seconds_since(start_)});
  log_->add(step_, row);
  sums_.zero_();
  summed_ = 0;
  interval_start_ = Clock::now();
  interval_step_ = step_;
  const double left = double((options_.max_train_steps - step_) * samples_per_step()) / std::max(1e-9, rate_);
  std::string line = "step " + std::to_string(step_) + "/" + std::to_string(options_.max_train_steps);
  for (std::size_t i = 0; i < names.size(); ++i) line += " " + names[i] + " " + short_number(row[i + 2].second);
  hooks_.progress(line + " " + short_number(rate_) + " samples/s, " + duration_text(left) + " left");
}

void Run::validate() {
  if (!ranks_.is_first()) return;
  const auto started = Clock::now();
  const at::NoGradGuard no_grad;
  const Measurements measured = task_.validate(averaged(), step_);
  if (measured.empty()) return;
  validation_log_->add(step_, measured);
  std::string line = "validation at step " + std::to_string(step_) + ":";
  for (const auto& [name, value] : measured) line += " " + name + " " + short_number(value);
  hooks_.report(line + " (" + short_number(seconds_since(started)) + " s)");
  log_->draw(folder_ / "loss.svg", {"loss"});
}

void Run::sample() {
  if (!ranks_.is_first()) return;
  const at::NoGradGuard no_grad;
  const fs::path folder = folder_ / "samples";
  fs::create_directories(folder);
  task_.sample(averaged(), step_, folder);
}

std::vector<NamedTensor> Run::model_tensors(const at::Tensor& flat) {
  std::vector<NamedTensor> tensors = parameters_.named_views_of(flat);
  for (auto& tensor : task_.state()) tensors.push_back(tensor);
  return tensors;
}

std::vector<NamedTensor> Run::optimizer_tensors() {
  std::vector<NamedTensor> tensors;
  for (auto& [name, tensor] : parameters_.named_views_of(optimizer_.mean())) tensors.push_back({"exp_avg." + name, tensor});
  for (auto& [name, tensor] : parameters_.named_views_of(optimizer_.square())) {
    tensors.push_back({"exp_avg_sq." + name, tensor});
  }
  return tensors;
}

void Run::save() {
  if (ranks_.is_first()) {
    const fs::path folder = checkpoints_.begin(step_);
    save_tensors(folder / "model.safetensors", model_tensors(parameters_.values()));
    save_tensors(folder / "optimizer.safetensors", optimizer_tensors());
    if (options_.use_ema) save_tensors(folder / "ema.safetensors", parameters_.named_views_of(optimizer_.ema()));
    weights::Json sums = weights::Json::array();
    const at::Tensor host = sums_.to(at::kCPU);
    for (std::int64_t i = 0; i < host.numel(); ++i) sums.push_back(host[i].item<double>());
    // Random numbers and the order of the data are functions of seed and step, so these two are all there is to
    // keep of both.
    weights::write_json_file(folder / "trainer_state.json",
                             weights::Json(weights::Json::Object{{"step", step_},
                                                                 {"seed", options_.seed},
                                                                 {"samples", step_ * samples_per_step()},
                                                                 {"samples_per_step", samples_per_step()},
                                                                 {"log_sums", std::move(sums)},
                                                                 {"log_steps_summed", summed_}}));
    weights::write_file_atomic(folder / "config.toml", hooks_.settings);
    checkpoints_.commit(step_, options_.checkpoints_total_limit);
    hooks_.report("checkpoint " + (checkpoints_.root() / ("step-" + std::to_string(step_))).string());
  }
  ranks_.barrier();
}

std::int64_t Run::resume() {
  if (options_.resume_from_checkpoint.empty()) return -1;
  fs::path folder = options_.resume_from_checkpoint;
  if (options_.resume_from_checkpoint == "latest") {
    const auto latest = checkpoints_.latest();
    if (!latest) return -1;
    folder = *latest;
  }
  const fs::path state_file = folder / "trainer_state.json";
  const weights::Json json = weights::read_json_file(state_file);
  weights::ConfigReader state(json, state_file);
  step_ = state.integer("step", 0, std::int64_t{1} << 40);
  const std::int64_t seed = state.integer("seed", 0, std::int64_t{1} << 62);
  const std::int64_t per_step = state.integer("samples_per_step", 1, std::int64_t{1} << 40);
  summed_ = state.integer("log_steps_summed", 0, std::int64_t{1} << 40);
  state.ignore({"samples"});
  const auto sums = state.numbers("log_sums", -1e300, 1e300);
  state.finish();
  if (seed != options_.seed) state.fail("seed", "expected the run's seed " + std::to_string(options_.seed));
  if (per_step != samples_per_step()) {
    state.fail("samples_per_step", "expected " + std::to_string(samples_per_step()) +
                                       " (batch size x accumulation x processes), or the data would be read twice");
  }
  if (std::int64_t(sums.size()) != sums_.numel()) state.fail("log_sums", "expected as many sums as this run has metrics");
  load_tensors(folder / "model.safetensors", model_tensors(parameters_.values()));
  load_tensors(folder / "optimizer.safetensors", optimizer_tensors());
  if (options_.use_ema) load_tensors(folder / "ema.safetensors", parameters_.named_views_of(optimizer_.ema()));
  at::Tensor host = at::empty({std::int64_t(sums.size())}, at::TensorOptions().dtype(at::kDouble));
  std::copy(sums.begin(), sums.end(), host.data_ptr<double>());
  sums_.copy_(host);
  hooks_.report("going on from " + folder.string());
  return step_;
}

bool Run::agree_to_stop(bool wanted) {
  if (ranks_.size() == 1) return wanted;
  at::Tensor votes = at::full({1}, wanted ? 1.0 : 0.0, at::TensorOptions().dtype(at::kDouble));
  ranks_.sum(votes);
  return votes.item<double>() > 0;
}

TrainOutcome Run::run() {
  interval_step_ = step_;
  bool stopped = false, time_is_up = false;
  const std::int64_t first = step_;
  while (step_ < options_.max_train_steps && !stopped && !time_is_up) {
    one_step();
    const auto due = [&](std::int64_t every) { return step_ % every == 0; };
    const bool last = step_ == options_.max_train_steps;
    if (due(options_.log_steps) || last) log_interval();
    time_is_up = agree_to_stop(options_.max_train_minutes > 0 && seconds_since(start_) > 60 * options_.max_train_minutes);
    stopped = agree_to_stop(hooks_.stop_requested());
    const bool saves = last || stopped || time_is_up || due(options_.checkpointing_steps);
    // Never save weights that are no numbers.
    if (saves && !std::isfinite(at::sum(parameters_.values()).item<double>())) {
      throw TrainingDiverged("training diverged: weights are not numbers at step " + std::to_string(step_) +
                             "; go on from " + checkpoints_.root().string());
    }
    // Before the checkpoint: a run that is killed in between measures again, instead of never.
    if (due(options_.validation_steps) || last) validate();
    if (due(options_.sample_steps > 0 ? options_.sample_steps : options_.validation_steps) || last) sample();
    if (saves) save();
  }
  if (step_ > first && ranks_.is_first()) {
    const at::NoGradGuard no_grad;
    task_.export_model(averaged(), folder_ / "model");
    log_->draw(folder_ / "loss.svg", {"loss"});
  }
  ranks_.barrier();
  return {step_, step_ >= options_.max_train_steps, stopped};
}

}  // namespace

TrainOutcome train(TrainTask& task, const TrainOptions& options, at::Device device, Ranks& ranks,
                   const TrainHooks& hooks) {
  // Some builds of libtorch start with one thread.
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  at::set_num_threads(options.threads > 0 ? int(options.threads) : int(cores));
  at::globalContext().setFloat32MatmulPrecision("high");  // TF32 where the device has it
  at::globalContext().setBenchmarkCuDNN(true);
  Run run(task, options, device, ranks, hooks);
  return run.run();
}

at::Device choose_device(const std::string& name, int local_rank) {
  const bool cuda = at::hasCUDA() && at::globalContext().hasCUDA();
  if (name == "cpu" || (name == "auto" && !cuda)) return at::Device(at::kCPU);
  if (!cuda) {
    throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                             "--device cuda: expected a CUDA device and a libtorch with CUDA, found none");
  }
  return at::Device(at::kCUDA, c10::DeviceIndex(local_rank));
}

}  // namespace lacuna::training
