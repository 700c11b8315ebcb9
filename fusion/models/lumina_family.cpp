#include "fusion/models/lumina_family.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/image_ids.h"
#include "fusion/models/llada_family.h"

namespace lacuna::fusion {
namespace {

constexpr int kAnswerLength = 128;
constexpr int kPromptRoom = 512;  // words that memory is reckoned for; a prompt may have any length

class LuminaFamily final : public ModelFamily {
 public:
  explicit LuminaFamily(LuminaConfig config) : config_(std::move(config)) {
    config_.validate();
    const LuminaTokens& t = config_.tokens;
    space_.size = config_.transformer.vocabulary;
    space_.text = {0, space_.size};
    space_.image = config_.codes;
    space_.mask = t.mask;
    space_.end_of_text = t.end_of_text;
    space_.begin_image = t.begin_image;
    space_.end_image = t.end_image;
    space_.end_of_turn = t.end_answer;
    space_.text_end = TextEnd::plain;
    space_.validate();
    sizes_ = {kPromptRoom, config_.grid_height, config_.grid_width};
  }

  const TokenSpace& tokens() const override { return space_; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return sizes_; }
  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, space_, llada_names(), shape);
  }
  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return counted_positions(canvas); }

  /// Without a question of its own: the picture alone is what the user says.
  Canvas caption(std::span<const std::int32_t> codes, std::span<const std::int32_t> prefix) const override {
    const std::int32_t nothing[] = {config_.tokens.user, config_.tokens.end_user};
    const int length = std::max(kAnswerLength, int(prefix.size()));
    return write({nothing, prefix, length, codes, config_.grid_height, config_.grid_width});
  }

  Canvas generate(std::span<const std::int32_t> text) const override {
    return infill(text, std::vector<std::int32_t>(std::size_t(sizes_.image_length()), kMaskedCode));
  }

  /// The original's in- and outpainting: known codes of a picture to be drawn stay as they are.
  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    if (config_.drawing_prompt.empty()) {
      throw std::invalid_argument("[lumina] expected the words that the model is told when it draws in \"drawing_prompt\" "
                                  "of config.json; lacuna import writes them");
    }
    const LuminaTokens& t = config_.tokens;
    Canvas canvas;
    canvas.append_frame(t.system);
    for (std::int32_t id : config_.drawing_prompt) canvas.append_frame(id);
    canvas.append_frame(t.end_system);
    canvas.append_frame(t.user);
    append_prompt(space_, text, canvas);
    canvas.append_frame(t.end_user);
    canvas.append_frame(t.answer);
    append_picture(image_ids(space_, codes, sizes_.image_length(), MaskedCodes::allowed), config_.grid_height,
                   config_.grid_width, canvas);
    canvas.append_frame(t.end_answer);
    return canvas;
  }

  Canvas joint() const override {
    throw std::invalid_argument("[joint] expected a text or a picture; Lumina-DiMOO was not trained to draw both at once");
  }

  Canvas write(const TextTask& task) const override {
    const bool asked = !task.prompt.empty() && task.prompt.back() == config_.tokens.end_user;
    Canvas canvas;
    append_prompt(space_, asked ? task.prompt.first(task.prompt.size() - 1) : task.prompt, canvas);
    if (!task.codes.empty()) {
      if (!asked) {
        throw std::invalid_argument("[lumina] expected a question that ends in </user> where a picture is given");
      }
      append_picture(image_ids(space_, task.codes, task.grid_height * task.grid_width, MaskedCodes::refused),
                     task.grid_height, task.grid_width, canvas);
    }
    if (asked) {
      canvas.append_frame(config_.tokens.end_user);
      canvas.append_frame(config_.tokens.answer);
    }
    append_answer(space_, task, canvas);
    if (asked) canvas.append_frame(config_.tokens.end_answer);
    return canvas;
  }

  Branch unconditional(const Canvas& canvas, Modality modality) const override {
    if (modality == Modality::text) return without_prompt(space_, canvas);
    const auto ids = canvas.ids();
    const auto picture = ids.begin() + canvas.span(Modality::image).begin;
    const auto user = std::find(ids.begin(), picture, config_.tokens.user);
    const auto end = std::find(std::make_reverse_iterator(picture), std::make_reverse_iterator(user),
                               config_.tokens.end_user);
    if (user == picture || end.base() == user) {
      throw std::invalid_argument("[lumina] expected a picture behind <user> words </user>");
    }
    const auto end_user = end.base() - 1;
    Branch branch;
    branch.ids.assign(ids.begin(), user + 1);
    branch.ids.push_back(config_.tokens.uncondition);
    branch.ids.insert(branch.ids.end(), end_user, ids.end());
    branch.positions.resize(branch.ids.size());
    std::iota(branch.positions.begin(), branch.positions.end(), canvas.first_position());
    branch.shift = int(branch.ids.size()) - int(ids.size());
    return branch;
  }

  weights::Json config_section() const override { return config_.section(); }
  ChatStyle chat_style() const override { return ChatStyle::lumina; }
  GivenGrid given_grid() const override { return GivenGrid::free; }
  std::optional<std::int32_t> tokenizer_ids() const override { return config_.tokens.count; }

 private:
  void append_picture(std::span<const std::int32_t> ids, int height, int width, Canvas& canvas) const {
    canvas.append_frame(space_.begin_image);
    canvas.append_lines(space_, ids, height, width, config_.tokens.end_of_line);
    canvas.append_frame(space_.end_image);
  }

  LuminaConfig config_;
  TokenSpace space_;
  LayoutSizes sizes_;
};

}  // namespace

std::unique_ptr<ModelFamily> make_lumina_family(const LuminaConfig& config) {
  return std::make_unique<LuminaFamily>(config);
}

}  // namespace lacuna::fusion
