#pragma once

#include "fusion/training/flat_parameters.h"
#include "fusion/training/train_options.h"

namespace lacuna::training {

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) with gradient clipping and a
/// moving average of the weights. On CUDA it waits for no result of the device.
class Optimizer {
 public:
  /// `parameters` must outlive this.
  Optimizer(FlatParameters& parameters, const TrainOptions& options);

  /// One step with the gradients that are there, which are cleared. `step` counts from 0. Returns the norm of
  /// the gradients before clipping, a scalar on the device.
  at::Tensor step(std::int64_t step, double learning_rate);

  /// The moving average, or the weights themselves where none is kept.
  const at::Tensor& averaged() const { return options_.use_ema ? ema_ : parameters_.values(); }
  at::Tensor& mean() { return mean_; }
  at::Tensor& square() { return square_; }
  at::Tensor& ema() { return ema_; }

 private:
  struct Factors {
    double mean, square, rate, ema_share;  // bias corrections of both averages, learning rate, share of the new weights
  };
  void step_by_calls(const Factors& factors, const at::Tensor& norm);
  void step_in_one_pass(const Factors& factors, double norm);

  FlatParameters& parameters_;
  TrainOptions options_;
  at::Tensor mean_, square_, ema_;
};

}  // namespace lacuna::training
