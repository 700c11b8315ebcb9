#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "runtime/cpu/reference_ops.h"

namespace lacuna::cpu::reference {
namespace {

using graph::Op;
using graph::Unary;

double evaluate(Unary function, double x) {
  const double sqrt_half = std::numbers::sqrt2 / 2.0;
  const double sqrt_2_over_pi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  switch (function) {
    case Unary::negate:
      return -x;
    case Unary::exp:
      return std::exp(x);
    case Unary::log:
      return std::log(x);
    case Unary::sqrt:
      return std::sqrt(x);
    case Unary::rsqrt:
      return 1.0 / std::sqrt(x);
    case Unary::square:
      return x * x;
    case Unary::sin:
      return std::sin(x);
    case Unary::cos:
      return std::cos(x);
    case Unary::tanh:
      return std::tanh(x);
    case Unary::sigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Unary::silu:
      return x / (1.0 + std::exp(-x));
    case Unary::gelu_erf:
      return 0.5 * x * (1.0 + std::erf(x * sqrt_half));
    case Unary::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(sqrt_2_over_pi * (x + 0.044715 * x * x * x)));
    case Unary::relu:
      return x < 0.0 ? 0.0 : x;
  }
  return x;
}

float evaluate(Op op, float a, float b) {
  if (op == Op::add) return a + b;
  if (op == Op::subtract) return a - b;
  return a * b;
}

}  // namespace

void binary(Op op, Inputs in, Output out) {
  const auto a = in[0].f32(), b = in[1].f32(), y = out.f32();
  const int rank = out.shape.rank(), missing = rank - in[1].shape.rank();
  for (std::size_t i = 0; i < y.size(); ++i) {
    // Index of b: the same coordinates from the last axis on, 0 along an axis of size 1.
    std::size_t rest = i, stride = 1, j = 0;
    for (int axis = rank - 1; axis >= missing; --axis) {
      const std::size_t size = std::size_t(out.shape[axis]), b_size = std::size_t(in[1].shape[axis - missing]);
      if (b_size != 1) j += rest % size * stride;
      rest /= size;
      stride *= b_size;
    }
    y[i] = evaluate(op, a[i], b[j]);
  }
}

void affine(const graph::AffineAttributes& attributes, Inputs in, Output out) {
  const auto x = in[0].f32(), y = out.f32();
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = attributes.scale * x[i] + attributes.shift;
}

void unary(const graph::UnaryAttributes& attributes, Inputs in, Output out) {
  const auto x = in[0].f32(), y = out.f32();
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = float(evaluate(attributes.function, double(x[i])));
}

void cast(Inputs in, Output out) {
  if (out.dtype == graph::DType::f32) {
    const auto x = in[0].i32();
    const auto y = out.f32();
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = float(x[i]);
    return;
  }
  const auto x = in[0].f32();
  const auto y = out.i32();
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (!(x[i] >= -0x1p31f && x[i] < 0x1p31f)) {
      throw std::invalid_argument("[cast] expected a value that fits an i32, got " + std::to_string(x[i]));
    }
    y[i] = std::int32_t(x[i]);
  }
}

}  // namespace lacuna::cpu::reference
