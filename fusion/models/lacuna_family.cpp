#include "fusion/models/lacuna_family.h"

#include <utility>

#include "fusion/models/denoiser_graph.h"
#include "fusion/models/llada_family.h"

namespace lacuna::fusion {
namespace {

class LacunaFamily final : public ModelFamily {
 public:
  explicit LacunaFamily(LacunaConfig config) : config_(std::move(config)) { config_.validate(); }

  const TokenSpace& tokens() const override { return config_.tokens; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return config_.sizes; }

  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, config_.tokens, llama_names(), shape);
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
  NoiseKind noise() const override { return config_.noise; }
  Canvas joint() const override { return layout_joint(config_.tokens, config_.sizes); }
  Canvas write(const TextTask& task) const override {
    if (config_.tokens.has_images()) return ModelFamily::write(task);
    Canvas canvas;
    canvas.append_frame(config_.tokens.begin_image);
    append_prompt(config_.tokens, task.prompt, canvas);
    append_answer(config_.tokens, task, canvas);
    return canvas;
  }
  std::optional<WritingHabit> writing_habit() const override {
    if (config_.tokens.has_images()) return std::nullopt;
    return WritingHabit{config_.transformer.attention == AttentionKind::causal ? "left-to-right" : "ancestral"};
  }

 private:
  LacunaConfig config_;
};

}  // namespace

std::unique_ptr<ModelFamily> make_lacuna_family(const LacunaConfig& config) {
  return std::make_unique<LacunaFamily>(config);
}

}  // namespace lacuna::fusion
