#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <stdexcept>

#include "fusion/graph/philox.h"
#include "tests/conformance/formulas.h"
#include "tests/conformance/naive_draw.h"

namespace lacuna::conformance {
namespace {

using graph::Op;
using graph::Shape;

/// Mean and variance of `values` by the two-pass formula.
std::pair<double, double> moments(const std::vector<double>& values) {
  double mean = 0.0, variance = 0.0;
  for (double v : values) mean += v / double(values.size());
  for (double v : values) variance += (v - mean) * (v - mean) / double(values.size());
  return {mean, variance};
}

Array normalised_rows(const graph::Node& node, const Shape& shape, Arrays in) {
  const double epsilon = double(node.as<graph::NormAttributes>().epsilon);
  const auto width = std::size_t(shape[-1]);
  Array y(shape);
  for (std::size_t begin = 0; begin < y.values.size(); begin += width) {
    const std::vector<double> row(in[0]->values.begin() + std::ptrdiff_t(begin), in[0]->values.begin() + std::ptrdiff_t(begin + width));
    auto [mean, variance] = moments(row);
    if (node.op == Op::rms_norm) variance += mean * mean, mean = 0.0;
    for (std::size_t d = 0; d < width; ++d) {
      const double bias = in.size() == 3 ? in[2]->values[d] : 0.0;
      y.values[begin + d] = (row[d] - mean) / std::sqrt(variance + epsilon) * in[1]->values[d] + bias;
    }
  }
  return y;
}

Array group_norm(const graph::NormAttributes& a, const Shape& shape, Arrays in) {
  const Array& x = *in[0];
  Array y(shape);
  const std::int64_t size = shape[1] / a.groups;
  for (std::int64_t b = 0; b < shape[0]; ++b) {
    for (std::int64_t g = 0; g < a.groups; ++g) {
      const auto each = [&](auto&& visit) {
        Array::each({size, shape[2], shape[3]}, [&](const Index& i) { visit(Index{b, g * size + i[0], i[1], i[2]}); });
      };
      std::vector<double> members;
      each([&](const Index& i) { members.push_back(x[i]); });
      const auto [mean, variance] = moments(members);
      each([&](const Index& i) {
        y[i] = (x[i] - mean) / std::sqrt(variance + double(a.epsilon)) * (*in[1])[{i[1]}] + (*in[2])[{i[1]}];
      });
    }
  }
  return y;
}

/// Each pair as a complex number, turned by a complex factor.
Array rope(const graph::RopeAttributes& a, const Shape& shape, Arrays in) {
  const Array& x = *in[0];
  Array y = x;
  std::int64_t pairs = 0;
  for (int section : a.sections) pairs += section;
  for (std::int64_t t = 0; t < shape[0]; ++t) {
    for (std::int64_t head = 0; head < shape[1] / a.head_dim; ++head) {
      std::int64_t pair = 0;
      for (std::size_t axis = 0; axis < a.sections.size(); ++axis) {
        for (int local = 0; local < a.sections[axis]; ++local, ++pair) {
          const double frequency = std::pow(double(a.theta), -double(local) / a.sections[axis]);
          const double angle = (*in[1])[{t, std::int64_t(axis)}] * frequency;
          const bool half = a.layout == graph::RopeLayout::half;
          const std::int64_t first = head * a.head_dim + (half ? pair : 2 * pair), second = first + (half ? pairs : 1);
          const auto turned = std::complex(x[{t, first}], x[{t, second}]) * std::polar(1.0, angle);
          y[{t, first}] = turned.real();
          y[{t, second}] = turned.imag();
        }
      }
    }
  }
  return y;
}

Array attention(const graph::AttentionAttributes& a, const Shape& shape, Arrays in) {
  const Array &q = *in[0], &k = *in[1], &v = *in[2];
  const std::int64_t head_dim = shape[1] / a.heads;
  Array y(shape);
  std::int64_t begin = 0;
  for (std::int64_t length : a.segments) {
    for (std::int64_t row = begin; row < begin + length; ++row) {
      for (std::int64_t h = 0; h < a.heads; ++h) {
        const std::int64_t kv = h / (a.heads / a.kv_heads);
        std::vector<double> scores;
        for (std::int64_t other = begin; other < begin + length; ++other) {
          double score = 0.0;
          for (std::int64_t d = 0; d < head_dim; ++d) score += q[{row, h * head_dim + d}] * k[{other, kv * head_dim + d}];
          const double bias = in.size() == 4 ? (*in[3])[{row, other - begin}] : 0.0;
          scores.push_back(score * double(a.scale) + bias);
        }
        const double peak = *std::ranges::max_element(scores);
        double sum = 0.0;
        for (double& s : scores) sum += s = std::exp(s - peak);
        for (std::int64_t d = 0; d < head_dim; ++d) {
          double mixed = 0.0;
          for (std::int64_t j = 0; j < length; ++j) mixed += scores[std::size_t(j)] / sum * v[{begin + j, kv * head_dim + d}];
          y[{row, h * head_dim + d}] = mixed;
        }
      }
    }
    begin += length;
  }
  return y;
}

Array logits_of(const Array& hidden, const Array& head) {
  Array logits({hidden.shape[0], head.shape[0]});
  Array::each(logits.shape, [&](const Index& i) {
    for (std::int64_t d = 0; d < hidden.shape[1]; ++d) logits[i] += hidden[{i[0], d}] * head[{i[1], d}];
  });
  return logits;
}

/// By distance, as the definition says; the first of equals.
Array nearest(const Array& z, const Array& codebook, const Shape& shape) {
  Array y(shape);
  Array::each({z.shape[0], z.shape[2], z.shape[3]}, [&](const Index& i) {
    double smallest = 0.0;
    for (std::int64_t code = 0; code < codebook.shape[0]; ++code) {
      double distance = 0.0;
      for (std::int64_t c = 0; c < z.shape[1]; ++c) distance += std::pow(z[{i[0], c, i[1], i[2]}] - codebook[{code, c}], 2.0);
      if (code == 0 || distance < smallest) {
        smallest = distance;
        y[{i[0], i[1] * z.shape[3] + i[2]}] = double(code);
      }
    }
  });
  return y;
}

Array signs(const Array& z, const Shape& shape) {
  Array y(shape);
  Array::each(z.shape, [&](const Index& i) {
    if (z[i] > 0.0) y[{i[0], i[2] * z.shape[3] + i[3]}] += double(std::int64_t{1} << (z.shape[1] - 1 - i[1]));
  });
  return y;
}

}  // namespace

Array draw_proposals(const Array& logits, const Array* unconditional, const Array& sampling, const Array& keys) {
  const graph::SamplingParameters s{float(sampling.values[0]), float(sampling.values[1]), float(sampling.values[2]),
                                    float(sampling.values[3])};
  Array y({logits.shape[0], 4});
  for (std::int64_t row = 0; row < logits.shape[0]; ++row) {
    std::vector<double> guided;
    for (std::int64_t c = 0; c < logits.shape[1]; ++c) {
      const double x = logits[{row, c}];
      guided.push_back(unconditional ? (*unconditional)[{row, c}] + double(s.guidance_scale) * (x - (*unconditional)[{row, c}]) : x);
    }
    const auto word = [&](std::int64_t i) { return std::uint32_t(std::int64_t(keys[{row, i}])); };
    const std::uint64_t seed = std::uint64_t{word(1)} << 32 | word(0);
    const double u = graph::uniform_at(seed, graph::RandomStream::token, word(2), word(3));
    const double banned = keys[{row, 4}];
    if (banned >= 0.0 && banned < double(guided.size())) guided[std::size_t(banned)] = -std::numeric_limits<double>::infinity();
    const graph::Proposal p = naive_draw(guided, s, u);
    y[{row, 0}] = p.token, y[{row, 1}] = p.log_prob, y[{row, 2}] = p.margin, y[{row, 3}] = p.entropy;
  }
  return y;
}

Array evaluate_fused(const graph::Node& node, const Shape& shape, Arrays in) {
  switch (node.op) {
    case Op::rms_norm:
    case Op::layer_norm:
      return normalised_rows(node, shape, in);
    case Op::group_norm:
      return group_norm(node.as<graph::NormAttributes>(), shape, in);
    case Op::swiglu: {
      Array y(shape);
      for (std::size_t i = 0; i < y.values.size(); ++i) {
        y.values[i] = in[0]->values[i] / (1.0 + std::exp(-in[0]->values[i])) * in[1]->values[i];
      }
      return y;
    }
    case Op::rope:
      return rope(node.as<graph::RopeAttributes>(), shape, in);
    case Op::attention:
      return attention(node.as<graph::AttentionAttributes>(), shape, in);
    case Op::propose: {
      const bool guided = in.size() == 5;
      const Array& head = *in[guided ? 2 : 1];
      const Array logits = logits_of(*in[0], head);
      const Array other = guided ? logits_of(*in[1], head) : Array();
      return draw_proposals(logits, guided ? &other : nullptr, *in[in.size() - 2], *in.back());
    }
    case Op::quantise_nearest:
      return nearest(*in[0], *in[1], shape);
    case Op::quantise_sign:
      return signs(*in[0], shape);
    default:
      throw std::logic_error("[formulas] unknown fused op");
  }
}

Array evaluate(const graph::Node& node, const Shape& shape, Arrays in) {
  return graph::is_fused(node.op) ? evaluate_fused(node, shape, in) : evaluate_primitive(node, shape, in);
}

}  // namespace lacuna::conformance
