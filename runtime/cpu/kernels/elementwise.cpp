#include "runtime/cpu/kernels/fill.h"
#include "runtime/cpu/kernels/math.h"

namespace lacuna::cpu::LACUNA_ISA {
namespace {

using graph::Unary;

template <class F>
void map(ConstReals x, Reals y, Size n, F f) {
  with_types(x, y, [&](auto* from, auto* to) {
#pragma omp simd
    for (Size i = 0; i < n; ++i) store(to + i, f(load(from + i)));
  });
}

void convert(ConstReals x, Reals y, Size n) {
  map(x, y, n, [](float v) { return v; });
}

void unary(Unary function, ConstReals x, Reals y, Size n) {
  switch (function) {
    case Unary::negate:
      return map(x, y, n, [](float v) { return -v; });
    case Unary::exp:
      return map(x, y, n, [](float v) { return exponential(v); });
    case Unary::log:
      return map(x, y, n, [](float v) { return __builtin_logf(v); });
    case Unary::sqrt:
      return map(x, y, n, [](float v) { return __builtin_sqrtf(v); });
    case Unary::rsqrt:
      return map(x, y, n, [](float v) { return 1.0f / __builtin_sqrtf(v); });
    case Unary::square:
      return map(x, y, n, [](float v) { return v * v; });
    case Unary::sin:
      return map(x, y, n, [](float v) { return __builtin_sinf(v); });
    case Unary::cos:
      return map(x, y, n, [](float v) { return __builtin_cosf(v); });
    case Unary::tanh:
      return map(x, y, n, [](float v) { return hyperbolic_tangent(v); });
    case Unary::sigmoid:
      return map(x, y, n, [](float v) { return sigmoid(v); });
    case Unary::silu:
      return map(x, y, n, [](float v) { return silu(v); });
    case Unary::gelu_erf:
      return map(x, y, n, [](float v) { return gelu_erf(v); });
    case Unary::gelu_tanh:
      return map(x, y, n, [](float v) { return gelu_tanh(v); });
    case Unary::relu:
      return map(x, y, n, [](float v) { return v < 0.0f ? 0.0f : v; });
  }
}

void affine(graph::AffineAttributes attributes, ConstReals x, Reals y, Size n) {
  map(x, y, n, [=](float v) { return attributes.scale * v + attributes.shift; });
}

template <class F>
void combine(ConstReals a, ConstReals b, Advance b_advance, Reals y, Size n, F f) {
  with_type(b, [&](auto* right) {
    with_types(a, y, [&](auto* left, auto* to) {
      if (b_advance == Advance::each) {
#pragma omp simd
        for (Size i = 0; i < n; ++i) store(to + i, f(load(left + i), load(right + i)));
      } else {
        const float constant = load(right);
#pragma omp simd
        for (Size i = 0; i < n; ++i) store(to + i, f(load(left + i), constant));
      }
    });
  });
}

void binary(Binary function, ConstReals a, ConstReals b, Advance b_advance, Reals y, Size n) {
  switch (function) {
    case Binary::add:
      return combine(a, b, b_advance, y, n, [](float u, float v) { return u + v; });
    case Binary::subtract:
      return combine(a, b, b_advance, y, n, [](float u, float v) { return u - v; });
    case Binary::multiply:
      return combine(a, b, b_advance, y, n, [](float u, float v) { return u * v; });
  }
}

void swiglu(ConstReals gate, ConstReals up, Reals y, Size n) {
  combine(gate, up, Advance::each, y, n, [](float g, float u) { return silu(g) * u; });
}

void standardise(ConstReals x, const float* mean, const float* scale, const float* shift, Kernels::Silu activation,
                 Reals y, Size n) {
  with_types(x, y, [&](auto* from, auto* to) {
    if (activation == Kernels::Silu::apply) {
#pragma omp simd
      for (Size i = 0; i < n; ++i) store(to + i, silu((load(from + i) - mean[i]) * scale[i] + shift[i]));
    } else {
#pragma omp simd
      for (Size i = 0; i < n; ++i) store(to + i, (load(from + i) - mean[i]) * scale[i] + shift[i]);
    }
  });
}

}  // namespace

void fill_elementwise(Kernels& kernels) {
  kernels.convert = convert;
  kernels.unary = unary;
  kernels.affine = affine;
  kernels.binary = binary;
  kernels.swiglu = swiglu;
  kernels.standardise = standardise;
}

}  // namespace lacuna::cpu::LACUNA_ISA
