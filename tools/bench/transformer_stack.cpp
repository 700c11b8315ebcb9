#include "tools/bench/transformer_stack.h"

#include <cmath>

#include "fusion/graph/fused_ops.h"

namespace lacuna::bench {

using graph::DType;
using graph::Value;

graph::Graph transformer_stack(const StackShape& s, std::int64_t tokens) {
  graph::GraphBuilder b;
  const std::int64_t d = s.width;
  const auto head_dim = int(d / s.heads);
  const float scale = 1.0f / std::sqrt(float(head_dim));
  const graph::RopeAttributes rope{head_dim, {head_dim / 2}, 500000.0f, graph::RopeLayout::half};
  const Value ids = b.input("ids", DType::i32, {tokens}), positions = b.input("positions", DType::i32, {tokens, 1});
  Value x = b.gather_rows(b.weight("embedding", {s.vocabulary, d}), ids);
  for (std::int64_t layer = 0; layer < s.layers; ++layer) {
    const auto weight = [&](const char* name, graph::Shape shape) {
      return b.weight("layers." + std::to_string(layer) + "." + name, shape);
    };
    Value h = graph::rms_norm(b, x, weight("attention_norm", {d}), 1e-5f);
    const Value q = graph::rope(b, b.linear(h, weight("q", {d, d})), positions, rope);
    const Value k = graph::rope(b, b.linear(h, weight("k", {d, d})), positions, rope);
    const Value v = b.linear(h, weight("v", {d, d}));
    const Value mixed = graph::attention(b, q, k, v, {s.heads, s.heads, scale, {tokens}});
    x = b.add(x, b.linear(mixed, weight("o", {d, d})));
    h = graph::rms_norm(b, x, weight("ff_norm", {d}), 1e-5f);
    const Value gate = b.linear(h, weight("gate", {s.inner, d})), up = b.linear(h, weight("up", {s.inner, d}));
    x = b.add(x, b.linear(graph::swiglu(b, gate, up), weight("down", {d, s.inner})));
  }
  x = graph::rms_norm(b, x, b.weight("norm", {d}), 1e-5f);
  b.output("logits", b.linear(x, b.weight("head", {s.vocabulary, d})));
  return b.finish();
}

}  // namespace lacuna::bench
