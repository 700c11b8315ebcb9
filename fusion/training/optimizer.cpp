#include "fusion/training/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "fusion/training/cpu_kernels.h"

namespace lacuna::training {
namespace {

constexpr std::int64_t kElementsEach = 1 << 15;  // that are worth a thread

}  // namespace

Optimizer::Optimizer(FlatParameters& parameters, const TrainOptions& options)
    : parameters_(parameters), options_(options) {
  const at::NoGradGuard no_grad;
  mean_ = at::zeros_like(parameters.values());
  square_ = at::zeros_like(parameters.values());
  if (options.use_ema) ema_ = parameters.values().clone();
}

at::Tensor Optimizer::step(std::int64_t step, double learning_rate) {
  const at::NoGradGuard no_grad;
  const at::Tensor norm = at::norm(parameters_.gradients());
  Factors f;
  const double count = double(step + 1);
  f.mean = 1 - std::pow(options_.adam_beta1, count);
  f.square = 1 - std::pow(options_.adam_beta2, count);
  f.rate = learning_rate;
  // A short memory at first, or the average would hold on to the random start.
  f.ema_share = 1 - std::min(options_.ema_decay, count / (count + 9));
  if (norm.is_cpu()) step_in_one_pass(f, norm.item<double>());
  else step_by_calls(f, norm);
  return norm;
}

void Optimizer::step_by_calls(const Factors& f, const at::Tensor& norm) {
  const TrainOptions& o = options_;
  at::Tensor& values = parameters_.values();
  at::Tensor& gradients = parameters_.gradients();
  if (o.max_grad_norm > 0) gradients.mul_((o.max_grad_norm / (norm + 1e-6)).clamp_max(1.0));
  mean_.lerp_(gradients, 1 - o.adam_beta1);
  square_.mul_(o.adam_beta2).addcmul_(gradients, gradients, 1 - o.adam_beta2);
  if (o.adam_weight_decay > 0 && parameters_.decayed() > 0) {
    values.narrow(0, 0, parameters_.decayed()).mul_(1 - f.rate * o.adam_weight_decay);
  }
  at::Tensor root = at::sqrt(square_);
  root.mul_(1 / std::sqrt(f.square)).add_(o.adam_epsilon);
  values.addcdiv_(mean_, root, -f.rate / f.mean);
  gradients.zero_();
  if (o.use_ema) ema_.lerp_(values, f.ema_share);
}

void Optimizer::step_in_one_pass(const Factors& f, double norm) {
  const TrainOptions& o = options_;
  kernels::AdamStep s{};
  s.clip = o.max_grad_norm > 0 ? float(std::min(1.0, o.max_grad_norm / (norm + 1e-6))) : 1.0f;
  s.mean_decay = float(1 - o.adam_beta1);
  s.square_decay = float(1 - o.adam_beta2);
  s.mean_factor = float(f.rate / f.mean);
  s.root_factor = float(1 / std::sqrt(f.square));
  s.epsilon = float(o.adam_epsilon);
  s.ema_share = float(f.ema_share);
  const auto run = [&](std::int64_t first, std::int64_t last, double weight_factor) {
    kernels::AdamStep part = s;
    part.weight_factor = float(weight_factor);
    at::parallel_for(first, last, kElementsEach, [&](std::int64_t begin, std::int64_t end) {
      kernels::adam_step(parameters_.values().data_ptr<float>(), parameters_.gradients().data_ptr<float>(),
                         mean_.data_ptr<float>(), square_.data_ptr<float>(),
                         o.use_ema ? ema_.data_ptr<float>() : nullptr, part, begin, end);
    });
  };
  run(0, parameters_.decayed(), 1 - f.rate * o.adam_weight_decay);
  run(parameters_.decayed(), parameters_.size(), 1.0);
}

}  // namespace lacuna::training
