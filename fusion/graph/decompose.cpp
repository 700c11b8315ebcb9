#include "fusion/graph/decompose.h"

#include <cmath>
#include <stdexcept>

#include "fusion/graph/fused_ops.h"

namespace lacuna::graph {
namespace {

using Inputs = std::span<const Value>;

/// 1 / sqrt(mean(x^2) + epsilon) over the last axis.
Value inverse_root_mean_square(GraphBuilder& b, Value x, float epsilon) {
  const Value mean = b.reduce(b.unary(x, Unary::square), Reduction::mean);
  return b.unary(b.affine(mean, {1.0f, epsilon}), Unary::rsqrt);
}

/// (x - mean) / sqrt(var + epsilon) over the last axis.
Value standardise(GraphBuilder& b, Value x, float epsilon) {
  const Value centred = b.subtract(x, b.reduce(x, Reduction::mean));
  return b.multiply(centred, inverse_root_mean_square(b, centred, epsilon));
}

Value decompose_rms_norm(GraphBuilder& b, const NormAttributes& a, Inputs in) {
  return b.multiply(b.multiply(in[0], inverse_root_mean_square(b, in[0], a.epsilon)), in[1]);
}

Value decompose_layer_norm(GraphBuilder& b, const NormAttributes& a, Inputs in) {
  const Value y = b.multiply(standardise(b, in[0], a.epsilon), in[1]);
  return in.size() == 3 ? b.add(y, in[2]) : y;
}

Value decompose_group_norm(GraphBuilder& b, const NormAttributes& a, Inputs in) {
  const Shape s = b.shape(in[0]);
  const Value grouped = b.reshape(in[0], {s[0], a.groups, s[1] / a.groups * s[2] * s[3]});
  const Value y = b.reshape(standardise(b, grouped, a.epsilon), s);
  const Shape channel{s[1], 1, 1};
  return b.add(b.multiply(y, b.reshape(in[1], channel)), b.reshape(in[2], channel));
}

Value decompose_swiglu(GraphBuilder& b, Inputs in) {
  return b.multiply(b.unary(in[0], Unary::silu), in[1]);
}

/// The angle of every pair, [T, pairs].
Value rotation_angles(GraphBuilder& b, const RopeAttributes& a, Value positions) {
  std::vector<Value> columns;
  for (std::size_t axis = 0; axis < a.sections.size(); ++axis) {
    const int size = a.sections[axis];
    if (size == 0) continue;
    std::vector<float> frequencies;
    for (int j = 0; j < size; ++j) frequencies.push_back(std::pow(a.theta, -float(j) / float(size)));
    const auto i = std::int64_t(axis);
    const Value position = b.cast(b.slice(positions, {1, i, i + 1}));
    columns.push_back(b.matmul(position, b.constant({1, size}, std::move(frequencies))));
  }
  return b.concat(columns, 1);
}

Value decompose_rope(GraphBuilder& b, const RopeAttributes& a, Inputs in) {
  const Shape s = b.shape(in[0]);
  const std::int64_t rows = s[0], heads = s[1] / a.head_dim;
  const Value angles = rotation_angles(b, a, in[1]);
  const std::int64_t pairs = b.shape(angles)[1];
  const Value cosine = b.reshape(b.unary(angles, Unary::cos), {rows, 1, pairs});
  const Value sine = b.reshape(b.unary(angles, Unary::sin), {rows, 1, pairs});
  const Value x = b.reshape(in[0], {rows, heads, a.head_dim});
  const Value turned = b.slice(x, {2, 0, 2 * pairs});
  Value first, second;
  if (a.layout == RopeLayout::half) {
    first = b.slice(turned, {2, 0, pairs});
    second = b.slice(turned, {2, pairs, 2 * pairs});
  } else {
    const Value pairwise = b.reshape(turned, {rows, heads, pairs, 2});
    first = b.reshape(b.slice(pairwise, {3, 0, 1}), {rows, heads, pairs});
    second = b.reshape(b.slice(pairwise, {3, 1, 2}), {rows, heads, pairs});
  }
  const Value u = b.subtract(b.multiply(first, cosine), b.multiply(second, sine));
  const Value v = b.add(b.multiply(second, cosine), b.multiply(first, sine));
  std::vector<Value> parts;
  if (a.layout == RopeLayout::half) {
    parts = {u, v};
  } else {
    const Shape column{rows, heads, pairs, 1};
    const Value both[] = {b.reshape(u, column), b.reshape(v, column)};
    parts = {b.reshape(b.concat(both, 3), {rows, heads, 2 * pairs})};
  }
  if (2 * pairs < a.head_dim) parts.push_back(b.slice(x, {2, 2 * pairs, a.head_dim}));
  return b.reshape(b.concat(parts, 2), s);
}

/// [n, heads * head_dim] -> [kv_heads, heads / kv_heads * n, head_dim]
Value to_heads(GraphBuilder& b, Value x, std::int64_t kv_heads, std::int64_t head_dim) {
  const Shape s = b.shape(x);
  const std::int64_t group = s[1] / head_dim / kv_heads;
  const Value split = b.reshape(x, {s[0], kv_heads, group, head_dim});
  return b.reshape(b.permute(split, {1, 2, 0, 3}), {kv_heads, group * s[0], head_dim});
}

Value decompose_attention(GraphBuilder& b, const AttentionAttributes& a, Inputs in) {
  const std::int64_t head_dim = b.shape(in[0])[1] / a.heads;
  const std::int64_t group = a.heads / a.kv_heads;
  std::vector<Value> sequences;
  std::int64_t begin = 0;
  for (std::int64_t n : a.segments) {
    const SliceAttributes rows{0, begin, begin + n};
    const Value q = to_heads(b, b.slice(in[0], rows), a.kv_heads, head_dim);
    const Value k = to_heads(b, b.slice(in[1], rows), a.kv_heads, head_dim);
    const Value v = to_heads(b, b.slice(in[2], rows), a.kv_heads, head_dim);
    Value scores = b.affine(b.matmul(q, k, {true}), {a.scale, 0.0f});
    if (in.size() == 4) {
      const Value seen = b.reshape(b.slice(b.slice(in[3], rows), {1, 0, n}), {1, 1, n, n});
      const Value split = b.reshape(scores, {a.kv_heads, group, n, n});
      scores = b.reshape(b.add(split, seen), {a.kv_heads, group * n, n});
    }
    const Value mixed = b.matmul(b.softmax(scores), v);
    const Value split = b.reshape(mixed, {a.kv_heads, group, n, head_dim});
    sequences.push_back(b.reshape(b.permute(split, {2, 0, 1, 3}), {n, a.heads * head_dim}));
    begin += n;
  }
  return b.concat(sequences, 0);
}

Value decompose_propose(GraphBuilder& b, Inputs in) {
  const bool guided = in.size() == 5;
  const std::size_t head = guided ? 2 : 1;
  const Value logits = b.linear(in[0], in[head]);
  std::optional<Value> unconditional;
  if (guided) unconditional = b.linear(in[1], in[head]);
  return b.draw(logits, unconditional, in[head + 1], in[head + 2]);
}

/// [B, C, H, W] -> [B * H * W, C]
Value pixels_as_rows(GraphBuilder& b, Value z) {
  const Shape s = b.shape(z);
  return b.reshape(b.permute(z, {0, 2, 3, 1}), {s[0] * s[2] * s[3], s[1]});
}

Value decompose_quantise_nearest(GraphBuilder& b, Inputs in) {
  const Shape s = b.shape(in[0]), c = b.shape(in[1]);
  // argmin |z - e|^2 = argmax z e - |e|^2 / 2
  const Value scores = b.linear(pixels_as_rows(b, in[0]), in[1]);
  const Value norms = b.reduce(b.unary(in[1], Unary::square), Reduction::sum);
  const Value half = b.reshape(b.affine(norms, {0.5f, 0.0f}), {c[0]});
  return b.reshape(b.argmax(b.subtract(scores, half)), {s[0], s[2] * s[3]});
}

Value decompose_quantise_sign(GraphBuilder& b, Inputs in) {
  const Shape s = b.shape(in[0]);
  const std::int64_t rows = s[0] * s[2] * s[3];
  // Each bit is an argmax over {0, z}, the first of equals, so z = 0 gives 0; the sum of at most 24 bits is
  // exact in f32.
  const Value z = b.reshape(pixels_as_rows(b, in[0]), {rows, s[1], 1});
  const Value zero = b.affine(z, {0.0f, 0.0f});
  const Value pair[] = {zero, z};
  const Value bits = b.cast(b.argmax(b.concat(pair, 2)));
  std::vector<float> weights;
  for (std::int64_t c = 0; c < s[1]; ++c) weights.push_back(std::ldexp(1.0f, int(s[1] - 1 - c)));
  const Value code = b.matmul(bits, b.constant({s[1], 1}, std::move(weights)));
  return b.cast(b.reshape(code, {s[0], s[2] * s[3]}));
}

}  // namespace

Value decompose(GraphBuilder& b, Op op, const Attributes& attributes, Inputs in) {
  switch (op) {
    case Op::rms_norm:
      return decompose_rms_norm(b, std::get<NormAttributes>(attributes), in);
    case Op::layer_norm:
      return decompose_layer_norm(b, std::get<NormAttributes>(attributes), in);
    case Op::group_norm:
      return decompose_group_norm(b, std::get<NormAttributes>(attributes), in);
    case Op::swiglu:
      return decompose_swiglu(b, in);
    case Op::rope:
      return decompose_rope(b, std::get<RopeAttributes>(attributes), in);
    case Op::attention:
      return decompose_attention(b, std::get<AttentionAttributes>(attributes), in);
    case Op::propose:
      return decompose_propose(b, in);
    case Op::quantise_nearest:
      return decompose_quantise_nearest(b, in);
    case Op::quantise_sign:
      return decompose_quantise_sign(b, in);
    default:
      throw std::invalid_argument("[decompose] expected a fused op, got " + std::string(name_of(op)));
  }
}

}  // namespace lacuna::graph
