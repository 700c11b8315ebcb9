#include "fusion/models/dit_family.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/models/llada_family.h"

namespace lacuna::fusion {
namespace {

constexpr int kMlpRatio = 4;

BlockNames block_names(const std::string& prefix, int layer) {
  const std::string p = prefix + "blocks." + std::to_string(layer) + ".";
  BlockNames names;
  names.attention_norm = p + "norm1";
  names.qkv = p + "attn_qkv";
  names.attention_out = p + "attn_out";
  names.mlp_norm = p + "norm2";
  names.up = p + "mlp.0";
  names.down = p + "mlp.2";
  names.modulation = p + "adaLN_modulation";
  return names;
}

DenoiserNames names_after(const std::string& prefix, BlockNames (*block)(int layer)) {
  const std::string head = prefix + "output_layer.";
  return {prefix + "vocab_embed.embedding", head + "norm_final", head + "linear.weight", block, head + "linear.bias",
          prefix + "sigma_map.mlp", head + "adaLN_modulation"};
}

[[noreturn]] void no_pictures(const char* function) {
  throw std::invalid_argument(std::string("[") + function +
                              "] expected a model with pictures; this one has words alone");
}

class DitFamily final : public ModelFamily {
 public:
  DitFamily(DitConfig config, DenoiserNames names) : config_(std::move(config)), names_(std::move(names)) {
    config_.transformer.validate();
    space_.text = {0, config_.text_tokens};
    space_.mask = space_.begin_image = space_.end_image = config_.text_tokens;
    space_.size = config_.text_tokens + 1;  // under uniform noise the network has no row for the mask, and never sees it
    space_.end_of_text = config_.end_of_text;
    space_.text_end = TextEnd::plain;
    space_.validate();
    const int rows = config_.noise == NoiseKind::uniform ? config_.text_tokens : space_.size;
    if (config_.transformer.vocabulary != rows) {
      throw std::invalid_argument("[dit] expected a network of " + std::to_string(rows) + " tokens, got " +
                                  std::to_string(config_.transformer.vocabulary));
    }
    sizes_.text_length = config_.length;
    sizes_.validate();
  }

  const TokenSpace& tokens() const override { return space_; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return sizes_; }
  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, space_, names_, shape);
  }
  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return counted_positions(canvas); }
  std::vector<std::int32_t> seen(std::span<const std::int32_t> ids) const override {
    std::vector<std::int32_t> rows(ids.size(), std::int32_t(ids.size()));
    for (std::size_t i = 0; config_.block > 0 && i < rows.size(); ++i) {
      rows[i] = std::min(rows[i], (std::int32_t(i) / config_.block + 1) * config_.block);
    }
    return rows;
  }

  Canvas caption(std::span<const std::int32_t>, std::span<const std::int32_t>) const override {
    no_pictures("caption");
  }
  Canvas generate(std::span<const std::int32_t>) const override { no_pictures("generate"); }
  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    if (!codes.empty()) no_pictures("infill");
    Canvas canvas = begun();
    canvas.append_span(space_, Modality::text, text);
    return canvas;
  }
  Canvas joint() const override { no_pictures("joint"); }
  Canvas write(const TextTask& task) const override {
    if (!task.codes.empty()) no_pictures("write");
    Canvas canvas = begun();
    append_prompt(space_, task.prompt, canvas);
    append_answer(space_, task, canvas);
    return canvas;
  }
  Branch unconditional(const Canvas& canvas, Modality) const override { return without_prompt(space_, canvas); }
  NoiseKind noise() const override { return config_.noise; }
  NetworkOutput output() const override { return config_.output; }
  float time_input(double part) const override {
    return float(std::clamp(-std::log1p(-part), config_.lowest_noise, config_.highest_noise));
  }
  std::optional<WritingHabit> writing_habit() const override { return WritingHabit{"ancestral", config_.block}; }
  weights::Json config_section() const override {
    return weights::Json::object().set("end_of_text", config_.end_of_text);
  }

 private:
  Canvas begun() const {
    Canvas canvas;
    if (config_.begin == TextBegin::end_of_text) canvas.append_frame(config_.end_of_text);
    return canvas;
  }

  DitConfig config_;
  DenoiserNames names_;
  TokenSpace space_;
  LayoutSizes sizes_;
};

}  // namespace

TransformerConfig dit_transformer(const DitSizes& sizes, const weights::ConfigReader& config) {
  if (sizes.width % sizes.heads != 0 || sizes.width / sizes.heads % 2 != 0) {
    config.fail("n_heads", "expected heads of one even width out of " + std::to_string(sizes.width) + ", got " +
                               std::to_string(sizes.heads));
  }
  TransformerConfig t;
  t.vocabulary = int(sizes.vocabulary);
  t.width = int(sizes.width);
  t.layers = int(sizes.layers);
  t.heads = t.kv_heads = int(sizes.heads);
  t.head_dim = t.width / t.heads;
  t.mlp_width = kMlpRatio * t.width;
  t.norm = NormKind::layer;
  t.mlp = MlpKind::gelu_tanh;
  t.bias.mlp = t.bias.head = true;
  t.rope_sections = {t.head_dim / 2};
  t.condition_width = int(sizes.condition);
  return t;
}

DenoiserNames dit_names() {
  return names_after("", [](int layer) { return block_names("", layer); });
}

DenoiserNames dit_backbone_names() {
  return names_after("backbone.", [](int layer) { return block_names("backbone.", layer); });
}

std::int32_t dit_end_of_text(weights::ConfigReader& config, const TokenNames* names, std::int32_t text_tokens) {
  if (auto section = config.section_if("lacuna")) {
    const auto id = section->integer("end_of_text", 0, text_tokens - 1);
    section->finish();
    return std::int32_t(id);
  }
  const std::int32_t named = names == nullptr ? -1 : names->find("<|endoftext|>");
  return named >= 0 && named < text_tokens ? named : text_tokens - 1;
}

std::unique_ptr<ModelFamily> make_dit_family(const DitConfig& config, const DenoiserNames& names) {
  return std::make_unique<DitFamily>(config, names);
}

}  // namespace lacuna::fusion
