#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "tests/conformance/formulas.h"

namespace lacuna::conformance {
namespace {

using graph::Op;
using graph::Shape;
using graph::Unary;

double apply(Unary f, double x) {
  switch (f) {
    case Unary::negate: return 0.0 - x;
    case Unary::exp: return std::exp(x);
    case Unary::log: return std::log(x);
    case Unary::sqrt: return std::pow(x, 0.5);
    case Unary::rsqrt: return std::pow(x, -0.5);
    case Unary::square: return std::pow(x, 2.0);
    case Unary::sin: return std::sin(x);
    case Unary::cos: return std::cos(x);
    case Unary::tanh: return (1.0 - std::exp(-2.0 * x)) / (1.0 + std::exp(-2.0 * x));
    case Unary::sigmoid: return 0.5 * (1.0 + std::tanh(0.5 * x));
    case Unary::silu: return x * 0.5 * (1.0 + std::tanh(0.5 * x));
    // x times the normal distribution function.
    case Unary::gelu_erf: return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    // Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2.
    case Unary::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Unary::relu: return std::max(0.0, x);
  }
  throw std::logic_error("[formulas] unknown function");
}

/// tanh's formula overflows to NaN far to the left.
double unary(Unary f, double x) { return f == Unary::tanh && x < -300.0 ? -1.0 : apply(f, x); }

Index with(Index index, std::size_t axis, std::int64_t at) {
  index[axis] = at;
  return index;
}

/// b's element for index `i` of a: axes line up from the last, size 1 repeats.
double broadcast(const Array& b, const Index& i) {
  Index at;
  const std::size_t missing = i.size() - std::size_t(b.shape.rank());
  for (std::size_t axis = missing; axis < i.size(); ++axis) {
    at.push_back(b.shape[int(axis - missing)] == 1 ? 0 : i[axis]);
  }
  return b[at];
}

double reduced(graph::Reduction reduction, const Array& x, const Index& i) {
  const std::size_t last = i.size() - 1;
  const std::int64_t n = x.shape[-1];
  double sum = 0.0, largest = x[with(i, last, 0)];
  for (std::int64_t k = 0; k < n; ++k) {
    const double v = x[with(i, last, k)];
    sum += v;
    largest = std::max(largest, v);
  }
  if (reduction == graph::Reduction::max) return largest;
  return reduction == graph::Reduction::sum ? sum : sum / double(n);
}

double softmax(const Array& x, const Index& i) {
  const std::size_t last = i.size() - 1;
  // 1 / sum of exp(x_k - x_i) needs no largest element.
  double sum = 0.0;
  for (std::int64_t k = 0; k < x.shape[-1]; ++k) sum += std::exp(x[with(i, last, k)] - x[i]);
  return 1.0 / sum;
}

double first_largest(const Array& x, const Index& i) {
  std::int64_t best = 0;
  Index at = i;
  at.push_back(0);
  double largest = x[at];
  for (std::int64_t k = 1; k < x.shape[-1]; ++k) {
    at.back() = k;
    if (x[at] > largest) largest = x[at], best = k;
  }
  return double(best);
}

double dot(const Array& a, const Array& b, const Index& i, bool transposed) {
  const std::size_t row = i.size() - 2, column = i.size() - 1;
  double sum = 0.0;
  for (std::int64_t k = 0; k < a.shape[-1]; ++k) {
    const Index of_b = transposed ? with(with(i, row, i[column]), column, k) : with(i, row, k);
    sum += a[with(i, column, k)] * b[of_b];
  }
  return sum;
}

double convolved(const graph::Conv2dAttributes& c, Arrays in, const Index& i) {
  const Array &x = *in[0], &w = *in[1];
  double sum = in.size() == 3 ? (*in[2])[{i[1]}] : 0.0;
  // By input pixel: which kernel element touches it for this output pixel?
  for (std::int64_t channel = 0; channel < x.shape[1]; ++channel) {
    for (std::int64_t p = 0; p < w.shape[2]; ++p) {
      for (std::int64_t q = 0; q < w.shape[3]; ++q) {
        const std::int64_t row = i[2] * c.stride - c.pad_top + p, column = i[3] * c.stride - c.pad_left + q;
        const bool inside = row >= 0 && column >= 0 && row < x.shape[2] && column < x.shape[3];
        if (inside) sum += x[{i[0], channel, row, column}] * w[{i[1], channel, p, q}];
      }
    }
  }
  return sum;
}

double concatenated(std::size_t axis, Arrays in, Index i) {
  for (const Array* x : in) {
    if (i[axis] < x->shape[int(axis)]) return (*x)[i];
    i[axis] -= x->shape[int(axis)];
  }
  throw std::logic_error("[formulas] index past the end of a concat");
}

Array permuted(const std::vector<int>& order, const Shape& shape, const Array& x) {
  Array y(shape);
  Array::each(x.shape, [&](const Index& i) {
    Index to;
    for (int axis : order) to.push_back(i[std::size_t(axis)]);
    y[to] = x[i];
  });
  return y;
}

}  // namespace

Array evaluate_primitive(const graph::Node& node, const Shape& shape, Arrays in) {
  const Array& x = *in[0];
  if (node.op == Op::permute) return permuted(node.as<graph::PermuteAttributes>().order, shape, x);
  if (node.op == Op::draw) return draw_proposals(x, in.size() == 4 ? in[1] : nullptr, *in[in.size() - 2], *in.back());
  Array y(shape);
  if (node.op == Op::reshape) {
    y.values = x.values;
    return y;
  }
  Array::each(shape, [&](const Index& i) {
    const auto value = [&]() -> double {
      switch (node.op) {
        case Op::gather_rows: return x[{std::int64_t((*in[1])[{i[0]}]), i[1]}];
        case Op::linear: {
          double sum = in.size() == 3 ? (*in[2])[{i.back()}] : 0.0;
          for (std::int64_t k = 0; k < x.shape[-1]; ++k) sum += x[with(i, i.size() - 1, k)] * (*in[1])[{i.back(), k}];
          return sum;
        }
        case Op::matmul: return dot(x, *in[1], i, node.as<graph::MatmulAttributes>().transpose_b);
        case Op::add: return x[i] + broadcast(*in[1], i);
        case Op::subtract: return x[i] - broadcast(*in[1], i);
        case Op::multiply: return x[i] * broadcast(*in[1], i);
        case Op::affine: return x[i] * double(node.as<graph::AffineAttributes>().scale) + double(node.as<graph::AffineAttributes>().shift);
        case Op::unary: return unary(node.as<graph::UnaryAttributes>().function, x[i]);
        case Op::reduce: return reduced(node.as<graph::ReduceAttributes>().reduction, x, i);
        case Op::softmax: return softmax(x, i);
        case Op::slice: {
          const auto& s = node.as<graph::SliceAttributes>();
          return x[with(i, std::size_t(s.axis), i[std::size_t(s.axis)] + s.begin)];
        }
        case Op::concat: return concatenated(std::size_t(node.as<graph::ConcatAttributes>().axis), in, i);
        case Op::cast: return std::trunc(x[i]);
        case Op::argmax: return first_largest(x, i);
        case Op::conv2d: return convolved(node.as<graph::Conv2dAttributes>(), in, i);
        case Op::upsample_nearest2x: return x[{i[0], i[1], i[2] / 2, i[3] / 2}];
        default: throw std::logic_error("[formulas] unknown primitive");
      }
    };
    y[i] = value();
  });
  return y;
}

}  // namespace lacuna::conformance
