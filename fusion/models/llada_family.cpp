#include "fusion/models/llada_family.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace lacuna::fusion {
namespace {

BlockNames llada_block(int layer) {
  const std::string p = "model.transformer.blocks." + std::to_string(layer) + ".";
  return {p + "attn_norm", p + "q_proj",  p + "k_proj",  p + "v_proj",  p + "attn_out", {},
          {},              p + "ff_norm", p + "ff_proj", p + "up_proj", p + "ff_out"};
}

[[noreturn]] void no_pictures(const char* function) {
  throw std::invalid_argument(std::string("[") + function +
                              "] expected a model with pictures; this one has words alone");
}

class LladaFamily final : public ModelFamily {
 public:
  explicit LladaFamily(LladaConfig config) : config_(std::move(config)) {
    const LladaTokens& t = config_.tokens;
    config_.transformer.validate();
    space_.size = config_.transformer.vocabulary;
    space_.text = {0, space_.size};
    space_.mask = space_.begin_image = space_.end_image = t.mask;
    space_.end_of_text = t.end_of_text;
    space_.end_of_turn = config_.tokens.end_of_turn;
    space_.text_end = TextEnd::plain;
    space_.validate();
  }

  const TokenSpace& tokens() const override { return space_; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return sizes_; }
  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, space_, llada_names(), shape);
  }
  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return counted_positions(canvas); }

  Canvas caption(std::span<const std::int32_t>, std::span<const std::int32_t>) const override {
    no_pictures("caption");
  }
  Canvas generate(std::span<const std::int32_t>) const override { no_pictures("generate"); }
  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    if (!codes.empty()) no_pictures("infill");
    Canvas canvas;
    canvas.append_span(space_, Modality::text, text);
    return canvas;
  }
  Canvas joint() const override { no_pictures("joint"); }
  Canvas write(const TextTask& task) const override {
    if (!task.codes.empty()) no_pictures("write");
    Canvas canvas;
    append_prompt(space_, task.prompt, canvas);
    append_answer(space_, task, canvas);
    return canvas;
  }
  Branch unconditional(const Canvas& canvas, Modality) const override { return without_prompt(space_, canvas); }
  weights::Json config_section() const override { return llada_tokens_section(config_.tokens); }
  ChatStyle chat_style() const override {
    return config_.tokens.end_of_turn < 0 ? ChatStyle::none : ChatStyle::llada;
  }

 private:
  LladaConfig config_;
  TokenSpace space_;
  LayoutSizes sizes_{128, 0, 0};  // of an answer; the original's default
};

}  // namespace

DenoiserNames llada_names() {
  return {"model.transformer.wte.weight", "model.transformer.ln_f", "model.transformer.ff_out.weight", llada_block};
}

LladaConfig LladaConfig::from_json(const weights::Json& json, const std::filesystem::path& file,
                                   const TokenNames* names) {
  weights::ConfigReader c(json, file);
  c.one_of("model_type", {"llada"});
  LladaConfig config;
  config.transformer = read_llada_transformer(c);
  config.tokens = read_llada_tokens(c, names, config.transformer.vocabulary);
  c.finish();
  return config;
}

std::unique_ptr<ModelFamily> make_llada_family(const LladaConfig& config) {
  return std::make_unique<LladaFamily>(config);
}

std::vector<std::int32_t> counted_positions(const Canvas& canvas) {
  std::vector<std::int32_t> positions(std::size_t(canvas.size()));
  std::iota(positions.begin(), positions.end(), canvas.first_position());
  return positions;
}

Branch without_prompt(const TokenSpace& tokens, const Canvas& canvas) {
  Branch branch{{canvas.ids().begin(), canvas.ids().end()}, counted_positions(canvas), 0};
  for (std::size_t i = 0; i < branch.ids.size(); ++i) {
    if (canvas.states()[i] == PositionState::frame || canvas.states()[i] == PositionState::given) {
      branch.ids[i] = tokens.mask;
    }
  }
  return branch;
}

void append_prompt(const TokenSpace& tokens, std::span<const std::int32_t> prompt, Canvas& canvas) {
  for (std::int32_t id : prompt) {
    if (id < 0 || id >= tokens.size) {
      throw std::invalid_argument("[write] expected a prompt of ids in [0, " + std::to_string(tokens.size) +
                                  "), got " + std::to_string(id));
    }
  }
  if (std::ranges::find(prompt, tokens.mask) != prompt.end()) {
    canvas.append_span(tokens, Modality::text, prompt);
    return;
  }
  for (std::int32_t id : prompt) canvas.append_frame(id);
}

void append_answer(const TokenSpace& tokens, const TextTask& task, Canvas& canvas) {
  if (task.length < 1 || std::size_t(task.length) < task.prefix.size()) {
    throw std::invalid_argument("[write] expected room for an answer of at least 1 token and its first " +
                                std::to_string(task.prefix.size()) + ", got " + std::to_string(task.length));
  }
  std::vector<std::int32_t> answer(task.prefix.begin(), task.prefix.end());
  answer.resize(std::size_t(task.length), tokens.mask);
  canvas.append_span(tokens, Modality::text, answer);
}

}  // namespace lacuna::fusion
