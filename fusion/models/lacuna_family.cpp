#include "fusion/models/lacuna_family.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/graph_builder.h"
#include "fusion/models/transformer_blocks.h"

namespace lacuna::fusion {
namespace {

using graph::GraphBuilder;
using graph::Value;

constexpr const char* kEmbedding = "model.embed_tokens.weight";

BlockNames block_names(int layer) {
  const std::string p = "model.layers." + std::to_string(layer) + ".";
  return {p + "input_layernorm",  p + "self_attn.q_proj", p + "self_attn.k_proj", p + "self_attn.v_proj",
          p + "self_attn.o_proj", p + "self_attn.q_norm", p + "self_attn.k_norm", p + "post_attention_layernorm",
          p + "mlp.gate_proj",    p + "mlp.up_proj",      p + "mlp.down_proj"};
}

class LacunaFamily final : public ModelFamily {
 public:
  explicit LacunaFamily(LacunaConfig config) : config_(std::move(config)) { config_.validate(); }

  const TokenSpace& tokens() const override { return config_.tokens; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return config_.sizes; }

  graph::Graph build(const DenoiserShape& shape) const override {
    check(shape);
    std::int64_t rows = 0;
    for (std::int64_t n : shape.segments) rows += n;
    GraphBuilder b;
    const TransformerConfig& t = config_.transformer;
    const Value ids = b.input("ids", graph::DType::i32, {rows});
    const Value positions = b.input("positions", graph::DType::i32, {rows, t.position_axes()});
    const Value embedding = b.weight(kEmbedding, {t.vocabulary, t.width});
    Value x_TD = b.gather_rows(embedding, ids);
    const BlockContext context{positions, shape.segments};
    for (int layer = 0; layer < t.layers; ++layer) {
      x_TD = transformer_block(b, t, block_names(layer), context, x_TD);
    }
    const Value head = t.tied_head ? embedding : b.weight("lm_head.weight", {t.vocabulary, t.width});
    add_head(b, shape, Modality::text, x_TD, head);
    add_head(b, shape, Modality::image, x_TD, head);
    return b.finish();
  }

  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return rotary_positions(canvas); }

  Canvas caption(std::span<const std::int32_t> codes, std::span<const std::int32_t> prefix) const override {
    return layout_caption(config_.tokens, config_.sizes, codes, prefix);
  }
  Canvas generate(std::span<const std::int32_t> text) const override {
    return layout_generate(config_.tokens, config_.sizes, text);
  }
  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    return layout_infill(config_.tokens, config_.sizes, text, codes);
  }
  Canvas joint() const override { return layout_joint(config_.tokens, config_.sizes); }

 private:
  static void check(const DenoiserShape& shape) {
    if (shape.segments.empty() || shape.text.count + shape.image.count < 1) {
      throw std::invalid_argument("[denoiser] expected at least one sequence and one row to predict");
    }
    if (shape.head == DenoiserHead::logits && (shape.text.guided || shape.image.guided)) {
      throw std::invalid_argument("[denoiser] expected no guidance where logits are asked for");
    }
  }

  /// The hidden states of some rows after the final norm, [M, D].
  Value hidden_rows(GraphBuilder& b, const std::string& input, std::int64_t count, Value x_TD) const {
    const Value rows = b.input(input, graph::DType::i32, {count});
    return norm(b, config_.transformer, "model.norm", b.gather_rows(x_TD, rows));
  }

  void add_head(GraphBuilder& b, const DenoiserShape& shape, Modality modality, Value x_TD, Value head) const {
    const HeadRows& rows = modality == Modality::text ? shape.text : shape.image;
    if (rows.count == 0) return;
    const std::string name(name_of(modality));
    const IdRange& range = config_.tokens.range(modality);
    const Value slice = b.slice(head, {0, range.begin, range.end()});
    const Value hidden = hidden_rows(b, name + "_rows", rows.count, x_TD);
    if (shape.head == DenoiserHead::logits) {
      b.output(name + "_logits", b.linear(hidden, slice));
      return;
    }
    std::optional<Value> unconditional;
    if (rows.guided) unconditional = hidden_rows(b, name + "_unconditional_rows", rows.count, x_TD);
    const Value sampling = b.input(name + "_sampling", graph::DType::f32, {4});
    const Value keys = b.input(name + "_keys", graph::DType::i32, {rows.count, 5});
    b.output(name + "_proposals", graph::propose(b, hidden, unconditional, slice, sampling, keys));
  }

  LacunaConfig config_;
};

}  // namespace

std::unique_ptr<ModelFamily> make_lacuna_family(const LacunaConfig& config) {
  return std::make_unique<LacunaFamily>(config);
}

}  // namespace lacuna::fusion
