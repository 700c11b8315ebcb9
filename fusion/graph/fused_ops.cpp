#include "fusion/graph/fused_ops.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace lacuna::graph {
namespace {

[[noreturn]] void fail(Op op, const std::string& expected, const std::string& got) {
  throw std::invalid_argument("[" + std::string(name_of(op)) + "] expected " + expected + ", got " + got);
}

void require_vector(const GraphBuilder& b, Op op, Value v, std::int64_t size) {
  if (!(b.shape(v) == Shape{size})) {
    fail(op, "a weight [" + std::to_string(size) + "]", b.shape(v).to_string());
  }
}

}  // namespace

Value rms_norm(GraphBuilder& b, Value x, Value weight, float epsilon) {
  require_vector(b, Op::rms_norm, weight, b.shape(x)[-1]);
  return b.node(Op::rms_norm, {x, weight}, DType::f32, b.shape(x), NormAttributes{epsilon, 1});
}

Value layer_norm(GraphBuilder& b, Value x, Value weight, std::optional<Value> bias, float epsilon) {
  require_vector(b, Op::layer_norm, weight, b.shape(x)[-1]);
  std::vector<Value> inputs{x, weight};
  if (bias) {
    require_vector(b, Op::layer_norm, *bias, b.shape(x)[-1]);
    inputs.push_back(*bias);
  }
  return b.node(Op::layer_norm, inputs, DType::f32, b.shape(x), NormAttributes{epsilon, 1});
}

Value group_norm(GraphBuilder& b, Value x, Value weight, Value bias, NormAttributes attributes) {
  const Shape s = b.shape(x);
  if (s.rank() != 4) fail(Op::group_norm, "an input [B, C, H, W]", s.to_string());
  if (attributes.groups < 1 || s[1] % attributes.groups != 0) {
    fail(Op::group_norm, "groups that divide " + std::to_string(s[1]) + " channels",
         std::to_string(attributes.groups));
  }
  require_vector(b, Op::group_norm, weight, s[1]);
  require_vector(b, Op::group_norm, bias, s[1]);
  return b.node(Op::group_norm, {x, weight, bias}, DType::f32, s, attributes);
}

Value swiglu(GraphBuilder& b, Value gate, Value up) {
  if (!(b.shape(gate) == b.shape(up))) {
    fail(Op::swiglu, "two inputs of one shape", b.shape(gate).to_string() + " and " + b.shape(up).to_string());
  }
  return b.node(Op::swiglu, {gate, up}, DType::f32, b.shape(gate), {});
}

Value rope(GraphBuilder& b, Value x, Value positions, const RopeAttributes& attributes) {
  const Shape s = b.shape(x);
  if (b.dtype(x) != DType::f32) fail(Op::rope, "an f32 input", std::string(name_of(b.dtype(x))));
  const int pairs = std::accumulate(attributes.sections.begin(), attributes.sections.end(), 0);
  if (s.rank() != 2 || attributes.head_dim < 1 || s[1] % attributes.head_dim != 0) {
    fail(Op::rope, "an input [T, heads * " + std::to_string(attributes.head_dim) + "]", s.to_string());
  }
  if (attributes.sections.empty() || pairs < 1 || 2 * pairs > attributes.head_dim) {
    fail(Op::rope, "sections with 1 to head_dim / 2 pairs in all", std::to_string(pairs));
  }
  for (int section : attributes.sections) {
    if (section < 0) fail(Op::rope, "sections >= 0", std::to_string(section));
  }
  if (b.dtype(positions) != DType::i32 ||
      !(b.shape(positions) == Shape{s[0], std::int64_t(attributes.sections.size())})) {
    fail(Op::rope, "positions i32 [T, axes]", b.shape(positions).to_string());
  }
  return b.node(Op::rope, {x, positions}, DType::f32, s, attributes);
}

Value attention(GraphBuilder& b, Value q, Value k, Value v, const AttentionAttributes& attributes,
                std::optional<Value> bias) {
  const Shape s = b.shape(q);
  if (s.rank() != 2 || attributes.heads < 1 || s[1] % attributes.heads != 0) {
    fail(Op::attention, "queries [T, heads * head_dim]", s.to_string());
  }
  if (attributes.kv_heads < 1 || attributes.heads % attributes.kv_heads != 0) {
    fail(Op::attention, "key heads that divide " + std::to_string(attributes.heads) + " query heads",
         std::to_string(attributes.kv_heads));
  }
  const Shape kv{s[0], s[1] / attributes.heads * attributes.kv_heads};
  if (!(b.shape(k) == kv)) fail(Op::attention, "keys " + kv.to_string(), b.shape(k).to_string());
  if (!(b.shape(v) == kv)) fail(Op::attention, "values " + kv.to_string(), b.shape(v).to_string());
  std::int64_t rows = 0;
  for (std::int64_t n : attributes.segments) {
    if (n < 1) fail(Op::attention, "segments of at least one row", std::to_string(n));
    rows += n;
  }
  if (rows != s[0]) {
    fail(Op::attention, "segments of " + std::to_string(s[0]) + " rows in all", std::to_string(rows));
  }
  if (!bias) return b.node(Op::attention, {q, k, v}, DType::f32, s, attributes);
  const std::int64_t longest = attributes.segments.empty() ? 0 : std::ranges::max(attributes.segments);
  const Shape& columns = b.shape(*bias);
  if (b.dtype(*bias) != DType::f32 || columns.rank() != 2 || columns[0] != s[0] || columns[1] < longest) {
    fail(Op::attention, "a bias f32 [" + std::to_string(s[0]) + ", at least " + std::to_string(longest) + "]",
         columns.to_string());
  }
  return b.node(Op::attention, {q, k, v, *bias}, DType::f32, s, attributes);
}

Value propose(GraphBuilder& b, Value hidden, std::optional<Value> unconditional, Value head, Value sampling,
              Value keys) {
  const Shape s = b.shape(hidden);
  if (s.rank() != 2) fail(Op::propose, "hidden states [M, D]", s.to_string());
  const Shape h = b.shape(head);
  if (h.rank() != 2 || h[1] != s[1] || h[0] < 1) {
    fail(Op::propose, "a head [V, " + std::to_string(s[1]) + "]", h.to_string());
  }
  std::vector<Value> inputs{hidden};
  if (unconditional) {
    if (!(b.shape(*unconditional) == s)) {
      fail(Op::propose, "unconditional hidden states " + s.to_string(), b.shape(*unconditional).to_string());
    }
    inputs.push_back(*unconditional);
  }
  inputs.push_back(head);
  if (!(b.shape(sampling) == Shape{4})) {
    fail(Op::propose, "sampling parameters [4]", b.shape(sampling).to_string());
  }
  inputs.push_back(sampling);
  for (Value x : inputs) {
    if (b.dtype(x) != DType::f32) fail(Op::propose, "f32 inputs", std::string(name_of(b.dtype(x))));
  }
  if (!(b.shape(keys) == Shape{s[0], 5}) || b.dtype(keys) != DType::i32) {
    fail(Op::propose, "keys i32 [" + std::to_string(s[0]) + ", 5]", b.shape(keys).to_string());
  }
  inputs.push_back(keys);
  return b.node(Op::propose, inputs, DType::f32, {s[0], 4}, {});
}

Value quantise_nearest(GraphBuilder& b, Value z, Value codebook) {
  const Shape s = b.shape(z), c = b.shape(codebook);
  if (s.rank() != 4) fail(Op::quantise_nearest, "latents [B, C, H, W]", s.to_string());
  if (c.rank() != 2 || c[1] != s[1] || c[0] < 1) {
    fail(Op::quantise_nearest, "a codebook [K, " + std::to_string(s[1]) + "]", c.to_string());
  }
  return b.node(Op::quantise_nearest, {z, codebook}, DType::i32, {s[0], s[2] * s[3]}, {});
}

Value quantise_sign(GraphBuilder& b, Value z) {
  const Shape s = b.shape(z);
  if (s.rank() != 4 || s[1] < 1 || s[1] > 24) {
    fail(Op::quantise_sign, "latents [B, 1..24, H, W]", s.to_string());
  }
  return b.node(Op::quantise_sign, {z}, DType::i32, {s[0], s[2] * s[3]}, {});
}

}  // namespace lacuna::graph
