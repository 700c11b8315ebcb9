#include "tests/graph/transformer_graph.h"

#include <cmath>
#include <string>

#include "fusion/graph/fused_ops.h"

namespace lacuna::graph {

Graph transformer_graph(const TransformerSizes& s) {
  GraphBuilder b;
  const Value ids = b.input("ids", DType::i32, {s.rows});
  const Value positions = b.input("positions", DType::i32, {s.rows, 1});
  const int head_dim = int(s.width) / s.heads;
  const std::int64_t kv_width = std::int64_t(head_dim) * s.kv_heads;
  const AttentionAttributes segments{s.heads, s.kv_heads, 1.0f / std::sqrt(float(head_dim)), {s.rows}};
  const RopeAttributes rotary{head_dim, {head_dim / 2}};
  Value x = b.gather_rows(b.weight("embed", {s.vocabulary, s.width}), ids);
  for (int layer = 0; layer < s.layers; ++layer) {
    const std::string p = "blocks." + std::to_string(layer) + ".";
    const Value h = rms_norm(b, x, b.weight(p + "norm1", {s.width}), 1e-5f);
    const Value q = rope(b, b.linear(h, b.weight(p + "q", {s.width, s.width})), positions, rotary);
    const Value k = rope(b, b.linear(h, b.weight(p + "k", {kv_width, s.width})), positions, rotary);
    const Value v = b.linear(h, b.weight(p + "v", {kv_width, s.width}));
    x = b.add(x, b.linear(attention(b, q, k, v, segments), b.weight(p + "o", {s.width, s.width})));
    const Value g = rms_norm(b, x, b.weight(p + "norm2", {s.width}), 1e-5f);
    const Value gate = b.linear(g, b.weight(p + "gate", {s.hidden, s.width}));
    const Value up = b.linear(g, b.weight(p + "up", {s.hidden, s.width}));
    x = b.add(x, b.linear(swiglu(b, gate, up), b.weight(p + "down", {s.width, s.hidden})));
  }
  const Value hidden = rms_norm(b, x, b.weight("norm", {s.width}), 1e-5f);
  b.output("hidden", hidden);
  if (s.vocabulary > 0) b.output("logits", b.linear(hidden, b.weight("embed", {s.vocabulary, s.width})));
  return b.finish();
}

}  // namespace lacuna::graph
