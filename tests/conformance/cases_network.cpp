#include <cmath>
#include <optional>

#include "fusion/graph/fused_ops.h"
#include "tests/conformance/case_list.h"

/// Whole small networks. T rows, D width.
namespace lacuna::conformance {
namespace {

using graph::NormAttributes;
using graph::RopeAttributes;
using graph::RopeLayout;
using graph::Value;

struct Transformer {
  std::vector<std::int64_t> segments;
  std::int64_t rows, width, hidden;
  int heads, kv_heads;
  std::vector<int> sections;
  RopeLayout layout;
  std::int64_t vocabulary;
};

/// RMS norm of each head, the same weight for all.
Value head_norm(ProblemBuilder& p, const std::string& name, Value x, std::int64_t head_dim) {
  const graph::Shape s = p.b.shape(x);
  const Value heads = p.b.reshape(x, {s[0], s[1] / head_dim, head_dim});
  return p.b.reshape(rms_norm(p.b, heads, p.weight(name, {head_dim}, Range{0.5f, 1.5f}), 1e-6f), s);
}

Value block(ProblemBuilder& p, const Transformer& t, const std::string& name, Value x, Value positions) {
  const std::int64_t head_dim = t.width / t.heads, kv_width = head_dim * t.kv_heads;
  const RopeAttributes rotary{int(head_dim), t.sections, 10000.0f, t.layout};
  const auto gain = [&](const std::string& which) { return p.weight(name + which, {t.width}, Range{0.5f, 1.5f}); };
  const Value h = rms_norm(p.b, x, gain("norm1"), 1e-5f);
  const Value q = head_norm(p, name + "q_norm", p.b.linear(h, p.matrix(name + "q", t.width, t.width)), head_dim);
  const Value k = head_norm(p, name + "k_norm", p.b.linear(h, p.matrix(name + "k", kv_width, t.width)), head_dim);
  const Value v = p.b.linear(h, p.matrix(name + "v", kv_width, t.width), p.weight(name + "v_bias", {kv_width}));
  const Value mixed = attention(p.b, rope(p.b, q, positions, rotary), rope(p.b, k, positions, rotary), v,
                                {t.heads, t.kv_heads, 1.0f / std::sqrt(float(head_dim)), t.segments});
  x = p.b.add(x, p.b.linear(mixed, p.matrix(name + "o", t.width, t.width)));
  const Value g = rms_norm(p.b, x, gain("norm2"), 1e-5f);
  const Value gate = p.b.linear(g, p.matrix(name + "gate", t.hidden, t.width));
  const Value up = p.b.linear(g, p.matrix(name + "up", t.hidden, t.width));
  return p.b.add(x, p.b.linear(swiglu(p.b, gate, up), p.matrix(name + "down", t.width, t.hidden)));
}

Value transformer(ProblemBuilder& p, const Transformer& t, Value embedding) {
  const Value ids = p.integers("ids", {t.rows}, 0, std::int32_t(t.vocabulary));
  const Value positions = p.integers("positions", {t.rows, std::int64_t(t.sections.size())}, 0, 33);
  Value x = p.b.gather_rows(embedding, ids);
  for (int layer = 0; layer < 2; ++layer) x = block(p, t, "blocks." + std::to_string(layer) + ".", x, positions);
  return rms_norm(p.b, x, p.weight("norm", {t.width}, Range{0.5f, 1.5f}), 1e-5f);
}

void add_transformers(CaseList& list) {
  const Transformer text{{33}, 33, 32, 72, 4, 2, {4}, RopeLayout::half, 257};
  const Transformer pictures{{1, 33, 16}, 50, 48, 96, 3, 3, {4, 3}, RopeLayout::interleaved, 257};
  for (const auto& [name, t] : {std::pair("transformer_text", text), std::pair("transformer_pictures", pictures)}) {
    list.add("graph", name, {5e-5, 6e-2, 1e-1}, Gradient::smooth, [t](ProblemBuilder& p) {
      const Value table = p.matrix("embed", t.vocabulary, t.width);
      const Value hidden = transformer(p, t, table);
      p.output(hidden, "hidden");
      p.output(p.b.linear(hidden, table), "logits");
    });
  }
  // What the sampler runs: proposals at some rows, over a slice of the vocabulary, tied head, two branches.
  list.add("graph", "transformer_proposals", {5e-5, kNotDefined}, Gradient::none, [pictures](ProblemBuilder& p) {
    const Value table = p.matrix("embed", pictures.vocabulary, pictures.width);
    const Value hidden = transformer(p, pictures, table);
    const Value conditional = p.b.gather_rows(hidden, p.integers("rows", {9}, 0, 25));
    const Value unconditional = p.b.gather_rows(hidden, p.integers("other_rows", {9}, 25, 50));
    const Value head = p.b.slice(table, {0, 100, 257});
    const Value sampling = p.input("sampling", {4}, {0.0f, 1.5f, 0.0f, 1.0f});
    p.output(propose(p.b, conditional, unconditional, head, sampling, p.integers("keys", {9, 5}, 0, 999)), "proposals");
  });
  list.add("graph", "transformer_layer_norm_gelu", {5e-5, 6e-2, 1e-1}, Gradient::smooth, [](ProblemBuilder& p) {
    Value x = p.input("x", {17, 33});
    const auto vector = [&](const std::string& name) { return p.weight(name, {33}); };
    const Value h = layer_norm(p.b, x, vector("w1"), vector("b1"), 1e-5f);
    const Value q = p.b.linear(h, p.matrix("q", 33, 33)), k = p.b.linear(h, p.matrix("k", 33, 33));
    x = p.b.add(x, attention(p.b, q, k, h, {3, 3, 0.3f, {8, 9}}));
    const Value g = layer_norm(p.b, x, vector("w2"), std::nullopt, 1e-5f);
    const Value up = p.b.unary(p.b.linear(g, p.matrix("up", 65, 33), p.weight("up_bias", {65})), graph::Unary::gelu_tanh);
    p.output(p.b.add(x, p.b.linear(up, p.matrix("down", 33, 65), vector("down_bias"))));
  });
}

Value conv(ProblemBuilder& p, const std::string& name, Value x, std::int64_t out, int stride = 1) {
  const std::int64_t in = p.b.shape(x)[1];
  const float limit = std::sqrt(3.0f / float(in * 9));
  const int before = stride == 1 ? 1 : 0;
  return p.b.conv2d(x, p.weight(name + ".w", {out, in, 3, 3}, Range{-limit, limit}), p.weight(name + ".b", {out}),
                    {stride, before, before, 1, 1});
}

Value residual(ProblemBuilder& p, const std::string& name, Value x) {
  const std::int64_t c = p.b.shape(x)[1];
  const auto activated = [&](const std::string& norm, Value y) {
    const Value n = group_norm(p.b, y, p.weight(name + norm + ".w", {c}), p.weight(name + norm + ".b", {c}), {1e-6f, 4});
    return p.b.unary(n, graph::Unary::silu);
  };
  const Value h = conv(p, name + "conv1", activated("norm1", x), c);
  return p.b.add(x, conv(p, name + "conv2", activated("norm2", h), c));
}

/// Single-head attention over the pixels of each picture.
Value pixel_attention(ProblemBuilder& p, Value x) {
  const graph::Shape s = p.b.shape(x);
  const std::int64_t pixels = s[2] * s[3];
  const Value rows = p.b.reshape(p.b.permute(x, {0, 2, 3, 1}), {s[0] * pixels, s[1]});
  const Value q = p.b.linear(rows, p.matrix("q", s[1], s[1])), k = p.b.linear(rows, p.matrix("k", s[1], s[1]));
  const std::vector<std::int64_t> segments(std::size_t(s[0]), pixels);
  const Value mixed = attention(p.b, q, k, rows, {1, 1, 1.0f / std::sqrt(float(s[1])), segments});
  return p.b.add(x, p.b.permute(p.b.reshape(mixed, {s[0], s[2], s[3], s[1]}), {0, 3, 1, 2}));
}

void add_autoencoders(CaseList& list) {
  list.add("graph", "encoder", {5e-5, 6e-2, 1e-1}, Gradient::smooth, [](ProblemBuilder& p) {
    Value x = conv(p, "in", p.input("picture", {2, 3, 18, 14}), 8);
    x = conv(p, "down", residual(p, "r1.", x), 16, 2);
    p.output(conv(p, "out", pixel_attention(p, residual(p, "r2.", x)), 5));
  });
  list.add("graph", "decoder", {5e-5, 6e-2, 1e-1}, Gradient::smooth, [](ProblemBuilder& p) {
    const Value rows = p.b.gather_rows(p.matrix("codebook", 33, 5), p.integers("codes", {2 * 5 * 7}, 0, 33));
    const Value z = p.b.permute(p.b.reshape(rows, {2, 5, 7, 5}), {0, 3, 1, 2});
    Value x = residual(p, "r1.", conv(p, "in", z, 8));
    x = residual(p, "r2.", conv(p, "up", p.b.upsample_nearest2x(x), 8));
    p.output(conv(p, "out", x, 3));
  });
  list.add("graph", "encoder_to_sign_codes", {0.0, kNotDefined}, Gradient::none, [](ProblemBuilder& p) {
    const Value x = residual(p, "r1.", conv(p, "in", p.input("picture", {1, 3, 16, 16}), 8));
    p.output(quantise_sign(p.b, conv(p, "out", conv(p, "down", x, 8, 2), 10)));
  });
}

}  // namespace

void add_network_cases(CaseList& list) {
  add_transformers(list);
  add_autoencoders(list);
}

}  // namespace lacuna::conformance
