#include "fusion/training/optimizer.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace lacuna::training {

Optimizer::Optimizer(FlatParameters& parameters, const TrainOptions& options)
    : parameters_(parameters), options_(options) {
  const at::NoGradGuard no_grad;
  mean_ = at::zeros_like(parameters.values());
  square_ = at::zeros_like(parameters.values());
  if (options.use_ema) ema_ = parameters.values().clone();
}

at::Tensor Optimizer::step(std::int64_t step, double learning_rate) {
  const at::NoGradGuard no_grad;
  const TrainOptions& o = options_;
  at::Tensor& values = parameters_.values();
  at::Tensor& gradients = parameters_.gradients();
  const at::Tensor norm = at::norm(gradients);
  if (o.max_grad_norm > 0) {
    gradients.mul_((o.max_grad_norm / (norm + 1e-6)).clamp_max(1.0));
  }
  mean_.lerp_(gradients, 1 - o.adam_beta1);
  square_.mul_(o.adam_beta2).addcmul_(gradients, gradients, 1 - o.adam_beta2);
  const double count = double(step + 1);
  const double mean_bias = 1 - std::pow(o.adam_beta1, count), square_bias = 1 - std::pow(o.adam_beta2, count);
  if (o.adam_weight_decay > 0 && parameters_.decayed() > 0) {
    values.narrow(0, 0, parameters_.decayed()).mul_(1 - learning_rate * o.adam_weight_decay);
  }
  at::Tensor root = at::sqrt(square_);
  root.mul_(1 / std::sqrt(square_bias)).add_(o.adam_epsilon);
  values.addcdiv_(mean_, root, -learning_rate / mean_bias);
  gradients.zero_();
  if (o.use_ema) {
    // A short memory at first, or the average would hold on to the random start.
    const double decay = std::min(o.ema_decay, count / (count + 9));
    ema_.lerp_(values, 1 - decay);
  }
  return norm;
}

}  // namespace lacuna::training
